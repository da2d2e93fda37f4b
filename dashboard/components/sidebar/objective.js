// What a movie is to achieve: the objective, taken together from its parts, and questions to begin with.

/** A `Picker` of several, which stays open; the chosen one of the page is not among them. */
class SeveralPicker extends Picker {
  constructor(what, take) {
    super(what, take)
    this.field.className = "button"
    this.field.textContent = "Choose…"
    this.own = ""
  }

  choose(name) {
    this.take(name)
  }

  filter() {
    super.filter()
    for (const {chip, member} of this.chips) chip.hidden ||= member.name === this.own
  }

  mark(names, own) {
    this.own = own
    for (const {chip, member} of this.chips) {
      chip.setAttribute("aria-pressed", String(names.includes(member.name)))
    }
    this.filter()
  }
}

/** A `SeveralPicker` of cell types. */
class CellTypesPicker extends SeveralPicker {
  constructor(groups, take) {
    super("other cell types", take)
    this.offer(groups, (member) => ({
      parts: [element("span", "name", member.name), marks(member)],
      title: member.polarity || member.arrow ? "" : member.sentence,
      words: [member.name],
      known: [member.polarity, WORDS[member.arrow] ?? ""],
    }))
    this.search.placeholder = "Search cell types: T4, ON, up…"
  }
}

/** The networks that are asked at once with that of the page, and, where there are any, how they are. */
class AcrossEntry {
  constructor(about, send) {
    this.names = []
    this.titles = new Map()
    this.how = new ChoiceEntry(about, send)
    this.picker = new SeveralPicker("further networks", (name) => {
      this.names = this.names.includes(name) ? this.names.filter((one) => one !== name) : [...this.names, name]
      this.mark()
      send({further: this.names})
    })
    this.picker.root.classList.add("networks")
    this.picker.panel.addEventListener("beforetoggle", ({newState}) => newState === "open" && this.draw())
    this.picker.field.setAttribute("aria-label", `Choose ${about.further.label.toLowerCase()}`)
    const [help, tip] = helpButton()
    help.tell(about.further.label, about.further.description)
    this.chips = element("div", {class: "members switches", role: "group", "aria-label": about.further.label})
    this.problem = element("div", {class: "problem"})
    this.root = element("div", "further names",
      element("div", "line", element("span", {}, about.further.label), this.picker.root, help), tip,
      this.chips, this.how.root, this.problem)
  }

  /** Offer the networks that the page has; they are drawn when they are first looked at: most do without. */
  offer(groups) {
    this.groups = groups
    if (this.picker.isOpen) this.draw()
    this.titles = new Map(groups.flatMap(({members}) => members).map(({name, title}) => [name, title]))
    this.mark()
  }

  draw() {
    if (this.offered === this.groups) return
    this.offered = this.groups
    offerNetworks(this.picker, this.groups)
    this.mark()
  }

  get differs() {
    return this.names.length > 0
  }

  show({value, further, own, problem}) {
    this.names = further
    this.picker.own = own
    this.how.show({value})
    this.problem.textContent = problem
    this.mark()
  }

  mark() {
    this.picker.mark(this.names, this.picker.own)
    this.how.root.hidden = this.chips.hidden = !this.names.length
    const titled = this.names.map((name) => [name, this.titles.get(name) ?? name])
    if (JSON.stringify(titled) === this.drawn) return // who is on one of them stays there
    this.drawn = JSON.stringify(titled)
    this.chips.replaceChildren(...titled.map(([name, title]) => {
      const chip = element("button", {type: "button", class: "chip", "aria-pressed": "true", title: "Leave it out"}, title)
      chip.addEventListener("click", () => {
        this.picker.take(name)
        this.picker.field.focus()
      })
      return chip
    }))
  }
}

/** The cell types that an objective names: typed, with commas between them, or chosen. */
class CellTypesEntry extends TextEntry {
  constructor(about, groups, send) {
    super(about, send)
    this.picker = new CellTypesPicker(groups, (name) => this.toggle(name))
    this.picker.field.setAttribute("aria-label", `Choose ${about.label.toLowerCase()}`)
    this.root.classList.add("names")
    this.line.after(element("div", "line", this.entry, this.picker.root))
  }

  get names() {
    return this.entry.value.split(",").map((name) => name.trim()).filter(Boolean)
  }

  toggle(name) {
    const names = this.names
    const left = names.filter((other) => other !== name)
    this.entry.value = (left.length < names.length ? left : [...names, name]).join(",")
    this.commit()
    this.picker.mark(this.names, this.picker.own)
  }

  show(shown, own) {
    super.show(shown)
    this.picker.mark(this.names, own)
  }
}

/** The cell types that are silenced: a switch for each input type of the chosen one, all others by name. */
class SilenceEntry extends CellTypesEntry {
  constructor(about, groups, send) {
    super(about, groups, send)
    this.inputs = new Map(groups.flatMap(({members}) => members).map(({name, inputs}) => [name, inputs]))
    this.switches = element("div", {class: "members switches", role: "group", "aria-label": "Silence an input type"})
    this.root.append(this.switches)
  }

  toggle(name) {
    super.toggle(name)
    this.mark()
  }

  show(shown, own) {
    super.show(shown, own)
    if (own !== this.own) {
      this.own = own
      this.switches.replaceChildren(...this.inputs.get(own).map((name) => {
        const chip = element("button", {type: "button", class: "chip"}, name)
        chip.addEventListener("click", () => this.toggle(name))
        return chip
      }))
    }
    this.mark()
  }

  mark() {
    for (const chip of this.switches.children) {
      chip.setAttribute("aria-pressed", String(this.names.includes(chip.textContent)))
    }
  }
}

/** What the response should be: a kind, which explains itself, and the level or cell types of it. */
class ObjectiveEntry {
  constructor(about, groups, send) {
    this.about = about
    this.kind = new ChoiceEntry(about, ({value}) => send({kind: value}))
    const said = (told) => send(told.entry === undefined ? {restore: true} : {entry: `${this.chosen}:${told.entry}`})
    this.level = new NumberEntry(said)
    this.level.describe(about.level)
    this.others = new CellTypesEntry({label: "Cell types", description: ""}, groups, said)
    this.root = element("div", {class: "objective", role: "group", "aria-label": about.label},
      this.kind.root, this.level.root, this.others.root)
  }

  show({text, value, problem}, own) {
    const [kind, rest = ""] = text.split(/:(.*)/s)
    this.chosen = kind
    this.kind.show({value: kind})
    const {names} = this.about.choices.find((choice) => choice.value === kind) ?? {}
    this.level.root.hidden = kind !== "level"
    this.others.root.hidden = !names
    if (kind === "level") this.level.show({text: rest, value: Number(value.split(":")[1]) || 0, problem})
    if (names) this.others.show({text: rest, problem}, own)
  }

  /** Return what stands in its fields, as the server takes it: for a page that is opened again. */
  get entry() {
    const fields = [this.level, this.others].filter(({root}) => !root.hidden)
    return {value: [this.chosen, ...fields.map(({entry}) => entry.value)].join(":")}
  }
}

/** A `Picker` of questions to begin with, each with what it sets. */
class ExamplePicker {
  constructor(take) {
    this.picker = new Picker("examples", take)
    this.picker.root.classList.add("networks", "examples")
    this.picker.panel.append(element("p", "legend",
      "Each sets the objective and the constraints; all other settings stay."))
    this.picker.search.placeholder = "Search examples: suppress, Hz, levels…"
    this.root = this.picker.root
  }

  show({offered, chosen}) {
    if (JSON.stringify(offered) !== this.offered) {
      this.offered = JSON.stringify(offered)
      this.picker.offer([{title: "Questions to begin with", members: offered}], ({name, note}) => ({
        parts: [element("span", "label2", name), element("span", "note", note)], title: note, words: [name, note],
      }), () => "members rows wide")
    }
    this.picker.show("Question", chosen || "Your own", chosen)
  }
}
