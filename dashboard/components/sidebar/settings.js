// The settings of one method, drawn from their own description.

/** Make the entry of a setting; `groups` are those of all cell types. */
function settingEntry(about, groups, send) {
  if (about.kind === "check") return new CheckEntry(about, send)
  if (about.kind === "choice") return new ChoiceEntry(about, send)
  if (about.kind === "text") return new TextEntry(about, send)
  if (about.kind === "across") return new AcrossEntry(about, send)
  if (about.kind === "silence") return new SilenceEntry(about, groups, send)
  if (about.kind === "objective") return new ObjectiveEntry(about, groups, send)
  const number = new NumberEntry((said) => send(said === "restore" ? {restore: true} : said))
  number.describe(about)
  return number
}

/** The entry of a setting and, where it changes nothing beside the others, why. */
class SettingRow {
  constructor(about, groups, send) {
    this.about = about
    this.entry = settingEntry(about, groups, send)
    this.reason = element("p", {class: "small quiet reason", hidden: ""})
    this.vary = about.kind === "number" ? new VaryName(this.entry, about, (sweep) => send({sweep})) : null
    this.root = element("div", {"data-part": about.name}, this.entry.root, ...(this.vary ? [this.vary.root] : []), this.reason)
  }

  /** Whether the setting has another value than its default, and an effect. */
  get differs() {
    return this.entry.differs ?? (!this.idle && this.value !== this.about.default)
  }

  show(shown, own) {
    this.value = shown.value
    this.idle = shown.idle ?? ""
    this.entry.show(shown, own)
    this.reason.textContent = this.idle || (shown.note ?? "")
    this.reason.hidden = !this.reason.textContent
  }
}

/** Settings that most do without, under a heading that says how many differ from their defaults. */
class Section {
  constructor(title, rows) {
    this.rows = rows
    this.count = element("span", "count")
    this.root = element("details", "section",
      element("summary", {}, element("span", {}, title), this.count), ...rows.map(({root}) => root))
  }

  /** Say how many differ; it opens with the first, and closes with the last unless somebody is in it. */
  tell() {
    const before = this.differing ?? 0
    this.differing = this.rows.filter((row) => row.differs).length
    this.count.textContent = this.differing ? `${this.differing} changed` : ""
    if (!before && this.differing) this.root.open = true
    if (before && !this.differing && !this.root.matches(":focus-within")) this.root.open = false
  }
}

/** All that is asked for by one method. */
class MethodPanel {
  /** `about` describes the method, `groups` all cell types; `send` is called with what a person does. */
  constructor(about, groups, send) {
    this.about = about
    this.told = element("div", "told")
    this.rows = new Map(about.settings.map((setting) =>
      [setting.name, new SettingRow(setting, groups, (said) =>
        send("sweep" in said ? said : {setting: setting.name, ...said}))]))
    const press = (label, name) => {
      const button = element("button", {type: "button", class: "text-button"}, label)
      button.addEventListener("click", () => send({press: name}))
      return button
    }
    this.parts = [this.told, ...this.aims(send), ...this.sectioned()]
    if (about.searches) {
      this.clips = new ChoiceEntry({...about.clips, choices: []}, ({value}) => send({clips: value}))
      this.parts.push(this.clips.root, press("Add your own…", "movie"))
    }
    if (about.method === "regularized") {
      this.start = element("p")
      this.begins = element("div", {class: "begins", hidden: ""}, this.start,
        press("Begin from the best instead", "best clip"))
      this.parts.push(this.begins)
    }
    this.root = element("div", {
      class: "method", role: "tabpanel", id: `panel-${about.method}`,
      "aria-labelledby": `tab-${about.method}`,
    }, ...this.parts, ...this.rowsOf("").map(({root}) => root),
    element("div", "presets", press("maxstim's values", "starting"), press("flyvis's values", "flyvis")))
  }

  rowsOf(section) {
    return [...this.rows.values()].filter(({about}) => about.section === section)
  }

  /** What the movie is to achieve, where the method lets people choose. */
  aims(send) {
    const chooser = this.rows.get("objective")
    if (!chooser) return []
    this.examples = new ExamplePicker((example) => send({example}))
    this.examples.root.dataset.part = "question"
    return [this.examples.root, chooser.root]
  }

  /** The sections, each with its settings but for the objective, which stands above them. */
  sectioned() {
    const titles = new Set(this.about.settings.map(({section}) => section).filter(Boolean))
    this.sections = [...titles].map((title) =>
      new Section(title, this.rowsOf(title).filter(({about}) => about.name !== "objective")))
    return this.sections.map(({root}) => root)
  }

  /** Offer the networks that several can be asked of. */
  offerNetworks(groups) {
    this.rows.get("across")?.entry.offer(groups)
  }

  /** Show what a sweep varies: of generated movies alone. */
  showSweep(sweep) {
    if (this.about.method !== "generated") return
    for (const row of this.rows.values()) row.vary?.show(sweep)
  }

  show({formulas, values, sets, clips, clip, examples, cell_type: own}) {
    const {method} = this.about
    if (this.formula !== formulas[method]) {
      this.formula = formulas[method]
      const open = this.told.querySelector("details")?.open
      this.told.innerHTML = `<p class="quiet">${this.about.sentence}</p>${this.formula}`
      const details = this.told.querySelector("details")
      if (details) details.open = Boolean(open)
    }
    for (const [name, shown] of Object.entries(values[method])) this.rows.get(name).show(shown, own)
    this.examples?.show(examples)
    for (const section of this.sections) section.tell()
    if (this.clips) {
      if (JSON.stringify(sets) !== JSON.stringify(this.clips.choices)) this.clips.offer(sets)
      this.clips.show({value: clips})
    }
    if (this.begins) {
      this.begins.hidden = !clip
      this.start.textContent = `Begins from “${clip}”.`
    }
  }
}
