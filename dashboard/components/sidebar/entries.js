// The fields of settings, one kind for each kind of value; numbers are in widgets/number_entry.js.

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

  show({value, idle}) {
    this.box.checked = value
    this.box.disabled = Boolean(idle)
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

  show({value, idle}) {
    this.select.value = value
    this.select.disabled = Boolean(idle)
    const meaning = this.choices.find((choice) => choice.value === value)?.meaning ?? ""
    this.meaning.textContent = meaning
    this.meaning.hidden = !meaning || Boolean(idle)
  }
}

/** A text, sent on Enter and when the field is left; what means nothing is marked, and why. */
class TextEntry {
  constructor(about, send) {
    this.send = send
    this.known = "" // what the server knows to stand in the field
    const id = `entry-${++entries}`
    this.entry = element("input", {id, type: "text", autocomplete: "off", spellcheck: "false", class: "entry",
      "aria-describedby": `${id}-problem`})
    const [help, tip] = helpButton()
    help.tell(about.label, about.description)
    this.line = element("div", "line", element("label", {for: id}, `${about.label}:`), this.entry, help)
    this.problem = element("div", {id: `${id}-problem`, class: "problem"})
    this.root = element("div", "number", this.line, this.problem, tip)
    this.entry.addEventListener("blur", () => this.commit())
    this.entry.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.commit()
      const changed = this.problem.textContent || this.entry.value !== this.known
      if (event.key === "Escape" && changed) this.restore()
    })
  }

  commit() {
    if (this.entry.value === this.known) return
    this.known = this.entry.value
    this.send({entry: this.known})
  }

  restore() {
    this.send({restore: true})
    this.entry.value = this.known = ""
  }

  show({text, problem, idle}) {
    // What is being typed is not overwritten.
    if (this.entry.value === this.known) this.entry.value = this.known = text
    this.problem.textContent = idle ? "" : problem
    this.entry.setAttribute("aria-invalid", String(Boolean(problem && !idle)))
    this.entry.disabled = Boolean(idle)
  }
}
