// The settings of one method, drawn from their own description.

/** A yes or no. */
class CheckEntry {
  constructor(about, send) {
    this.box = element("input", {type: "checkbox", id: `entry-${++entries}`})
    const [help, tip] = helpButton()
    help.tell(about.label, about.description)
    this.root = element("div", "check", this.box,
      element("label", {for: this.box.id}, about.label), help, tip)
    this.box.addEventListener("change", () => send({value: this.box.checked}))
  }

  show({value}) {
    this.box.checked = value
  }
}

/** One of several words, with what the chosen one means beneath it. */
class ChoiceEntry {
  constructor(about, send) {
    this.select = element("select", {id: `entry-${++entries}`})
    const [help, tip] = helpButton()
    help.tell(about.label, about.description)
    this.meaning = element("p", "small quiet")
    this.root = element("div", "choice",
      element("div", "line", element("label", {for: this.select.id}, about.label), this.select, help),
      this.meaning, tip)
    this.select.addEventListener("change", () => send({value: this.select.value}))
    this.offer(about.choices)
  }

  /** Offer choices: `value`, `label`, and `meaning` if there is more to say. */
  offer(choices) {
    this.choices = choices
    this.select.replaceChildren(
      ...choices.map(({value, label}) => element("option", {value}, label)))
  }

  show({value}) {
    this.select.value = value
    const meaning = this.choices.find((choice) => choice.value === value)?.meaning ?? ""
    this.meaning.textContent = meaning
    this.meaning.hidden = !meaning
  }
}

/** Make the entry of a setting. */
function settingEntry(about, send) {
  if (about.kind === "check") return new CheckEntry(about, send)
  if (about.kind === "choice") return new ChoiceEntry(about, send)
  const number = new NumberEntry((said) => send(said === "restore" ? {restore: true} : said))
  number.describe(about)
  return number
}

/** All that is asked for by one method. */
class MethodPanel {
  /** `about` describes the method; `send` is called with what a person does. */
  constructor(about, send) {
    this.about = about
    this.told = element("div", "told")
    this.entries = new Map()
    const settings = about.settings.map((setting) => {
      const entry = settingEntry(setting, (said) => send({setting: setting.name, ...said}))
      this.entries.set(setting.name, entry)
      return entry.root
    })
    const press = (label, name) => {
      const button = element("button", {type: "button", class: "text-button"}, label)
      button.addEventListener("click", () => send({press: name}))
      return button
    }
    this.parts = [this.told]
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
    }, ...this.parts, ...settings,
    element("div", "presets", press("maxstim's values", "starting"), press("flyvis's values", "flyvis")))
  }

  show({formulas, values, sets, clips, clip}) {
    const {method} = this.about
    if (this.formula !== formulas[method]) {
      this.formula = formulas[method]
      const open = this.told.querySelector("details")?.open
      this.told.innerHTML = `<p class="quiet">${this.about.sentence}</p>${this.formula}`
      const details = this.told.querySelector("details")
      if (details) details.open = Boolean(open)
    }
    for (const [name, shown] of Object.entries(values[method])) this.entries.get(name).show(shown)
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
