// A field for a number above a slider. An entry is sent on Enter and when the field is left.

const INFO = "M11 7h2v2h-2zm0 4h2v6h-2zm1-9C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10S17.52 2 " +
  "12 2m0 18c-4.41 0-8-3.59-8-8s3.59-8 8-8 8 3.59 8 8-3.59 8-8 8"

let entries = 0 // made so far: labels find their field by its number

/** Make a small button that tells what a setting is while it is pointed at or has the focus. */
function helpButton() {
  const tip = element("div", {class: "tip", role: "tooltip", popover: "manual"})
  const help = element("button", {type: "button", class: "help"}, icon(INFO))
  const toggle = (open) => {
    tip.textContent = open ? help.description : ""
    tip.togglePopover(open)
    if (!open) return
    const [at, size] = [help.getBoundingClientRect(), tip.getBoundingClientRect()]
    const beside = at.right + 8 + size.width < innerWidth // else below, where it hides no number
    tip.style.left = `${beside ? at.right + 8 : Math.max(8, at.right - size.width)}px`
    const top = beside ? at.top + at.height / 2 - size.height / 2 : at.bottom + 2
    tip.style.top = `${Math.max(8, Math.min(top, innerHeight - size.height - 8))}px`
  }
  help.addEventListener("pointerenter", () => toggle(true))
  help.addEventListener("pointerleave", () => toggle(false))
  help.addEventListener("focus", () => toggle(true))
  help.addEventListener("blur", () => toggle(false))
  /** Say what it is about. */
  help.tell = (label, description) => {
    help.setAttribute("aria-label", `About ${label}`)
    help.description = description
    help.hidden = !description
  }
  return [help, tip]
}

class NumberEntry {
  /** `send` is called with `{entry}` when a person has entered something, and with "restore". */
  constructor(send) {
    this.send = send
    this.known = "" // what the server knows to stand in the field
    this.shown = {text: "", value: 0, problem: ""}
    this.about = {}
    const id = `entry-${++entries}`
    this.entry = element("input", {id, type: "text", inputmode: "decimal", autocomplete: "off",
      class: "entry", "aria-describedby": `${id}-problem`})
    this.name = element("label", {for: id})
    const [help, tip] = helpButton()
    this.help = help
    this.slider = element("input", {type: "range"})
    this.problem = element("div", {id: `${id}-problem`, class: "problem"})
    this.root = element("div", "number",
      element("div", "line", this.name, this.entry, help), this.slider, this.problem, tip)
    this.entry.addEventListener("blur", () => this.commit())
    this.entry.addEventListener("keydown", (event) => this.key(event))
    this.slider.addEventListener("input", () => {
      const {low, high} = this.about
      this.entry.value = String(Math.min(high, Math.max(low, Number(this.slider.value))))
      this.commit()
      this.fill()
    })
    this.slider.addEventListener("change", () => this.draw())
  }

  /** Say what number it is: label, unit, description, low, high, start, end, step. */
  describe(about) {
    this.about = about
    const label = about.unit ? `${about.label} (${about.unit})` : about.label
    this.name.textContent = `${label}:`
    this.slider.setAttribute("aria-label", `${label}, slider`)
    this.help.tell(label, about.description)
    this.draw()
  }

  /** Show what the server says: `text`, `value`, as `problem` what is allowed, and whether it is `idle`. */
  show(shown) {
    this.shown = shown
    this.draw()
  }

  commit() {
    if (this.entry.value === this.known) return
    this.known = this.entry.value
    this.send({entry: this.known})
  }

  key(event) {
    const {entry} = this
    const direction = {ArrowUp: 1, ArrowDown: -1}[event.key]
    if (event.key === "Enter") {
      this.commit()
    } else if (event.key === "Escape" && (this.shown.problem || entry.value !== this.known)) {
      event.stopPropagation() // a dialog stays open
      this.send("restore")
      entry.value = this.known = ""
    } else if (direction) {
      event.preventDefault()
      const {step, low, high} = this.about
      const number = Number(entry.value.replace(",", "."))
      const next = (Number.isFinite(number) ? number : this.shown.value) + direction * step
      entry.value = String(Number(Math.min(high, Math.max(low, next)).toFixed(9)))
      this.commit()
    }
  }

  fill() {
    const {min, max, value} = this.slider
    this.slider.style.setProperty("--done", `${100 * (value - min) / (max - min || 1)}%`)
  }

  draw() {
    const {entry, slider, shown: {text, value, problem, idle}} = this
    const {start, end, step, disabled} = this.about
    const drags = slider.matches(":active")
    // What is being typed is not overwritten, nor what a drag has left behind.
    if (entry.value === this.known && !drags) entry.value = this.known = text
    entry.setAttribute("aria-invalid", String(Boolean(problem && !idle)))
    this.problem.textContent = idle ? "" : problem
    entry.disabled = slider.disabled = Boolean(disabled || idle)
    if (!drags) {
      // It reaches as far as the value, in its own steps; and no further when the value is back.
      slider.min = start - step * Math.max(0, Math.ceil((start - value) / step))
      slider.max = Math.max(end, value)
      slider.step = step
      slider.value = value
    }
    this.fill()
  }
}
