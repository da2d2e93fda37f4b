// The brush, what a painting starts from, and what is done with it.

/** Return a field with its name above it. */
function labelled(label, field, ...more) {
  return element("label", "field", element("span", "small quiet", label), field, ...more)
}

function choice(label, options, heard) {
  const select = element("select", {"aria-label": label}, ...options.map(({name, label: text}) => element("option", {value: name}, text)))
  select.addEventListener("change", () => heard(select.value))
  return select
}

/** A number that is typed, between its ends; of what is none, it is said beside the field what is taken instead. */
function typed(label, {value, low, high, step = 1, testid}, heard = () => {}) {
  const input = element("input", {type: "number", min: low, max: high, step, value, "aria-label": label, ...(testid ? {"data-testid": testid} : {})})
  const said = element("span", {class: "small instead", role: "status"})
  const read = (number) => String(number).replace("-", "−")
  input.addEventListener("change", () => {
    const given = Number(input.value)
    const isNumber = input.value !== "" && Number.isFinite(given)
    const before = value
    if (isNumber) value = clamp(step === 1 ? Math.round(given) : given, low, high)
    input.value = value
    if (!said.isConnected) input.after(said)
    const taken = isNumber && given >= low && given <= high
    said.textContent = taken ? "" : `From ${read(low)} to ${read(high)}: ${read(value)} is taken${isNumber ? `, not ${read(given)}` : ""}.`
    if (isNumber && value !== before) heard(value)
  })
  const set = (next) => {
    input.value = value = next
    said.textContent = ""
  }
  return {input, set, get: () => value}
}

function slider(label, low, high, heard, testid) {
  const input = element("input", {type: "range", min: low, max: high, step: 1, "aria-label": label, "data-testid": testid})
  input.addEventListener("input", () => heard(Number(input.value)))
  return input
}

function press(label, heard, attributes = {}) {
  const button = element("button", {type: "button", class: "button", ...attributes}, label)
  button.addEventListener("click", heard)
  return button
}

/** What is painted with: brightness, size, how many frames, and about which axis it is mirrored. */
class Brush {
  constructor({largest_brush}, changed) {
    Object.assign(this, {level: 254, radius: 1, frames: 10, mirror: 0, white: 254, largest: largest_brush, changed})
    this.brightness = slider("Brightness", 0, 100, (percent) => this.set({level: Math.round(percent / 100 * this.white)}), "brush-brightness")
    this.size = slider("Size of the brush in columns", 0, largest_brush, (radius) => this.set({radius}), "brush-size")
    this.count = typed("Frames that the brush paints", {value: this.frames, low: 1, high: 200, testid: "brush-frames"}, (frames) => this.set({frames}))
    this.axis = choice("Mirror", ["no mirror", "left and right", "about 150°", "about 210°"].map((label, name) => ({name, label})), (axis) => this.set({mirror: Number(axis)}))
    this.words = element("span", "small quiet")
    this.root = element("div", {class: "row", role: "group", "aria-label": "Brush"},
      labelled("Brightness", this.brightness), labelled("Size", this.size),
      labelled("Frames from here", this.count.input), labelled("Mirror", this.axis), this.words)
    this.set({})
  }

  set(changes) {
    Object.assign(this, changes)
    this.radius = clamp(this.radius, 0, this.largest)
    this.brightness.value = Math.round(100 * this.level / this.white)
    this.brightness.setAttribute("aria-valuetext", `${this.brightness.value} % of white`)
    this.size.value = this.radius
    this.axis.value = this.mirror
    const wide = 2 * this.radius + 1
    this.size.setAttribute("aria-valuetext", `${wide} column${wide > 1 ? "s" : ""} wide`)
    this.words.textContent = `${this.brightness.value} %, ${wide} column${wide > 1 ? "s" : ""} wide`
    this.root.style.setProperty("--ink-of-brush", GREYS[Math.round(255 * this.level / this.white)])
    this.changed?.()
  }
}

/** What a painting starts from: grey, a textbook stimulus in degrees, or any answer. */
class Starts {
  constructor({kinds, speeds, sizes}, {blank, textbook, from}) {
    this.kind = choice("Textbook stimulus", kinds, () => this.tell())
    const number = (label, value, low, high) => typed(label, {value, low, high, step: 0.1})
    this.direction = number("Direction in degrees", 0, -360, 360)
    this.speed = number("Speed in degrees per second", 110, ...speeds)
    this.size = number("Size in degrees", 30, ...sizes)
    this.shade = choice("Bright or dark", [{name: 1, label: "bright (ON)"}, {name: 0, label: "dark (OFF)"}], () => {})
    this.fields = {direction: labelled("Direction °", this.direction.input), speed: labelled("Speed °/s", this.speed.input), size: labelled("Size °", this.size.input)}
    const use = press("Start from it", () => textbook({kind: this.kind.value, direction: this.direction.get(),
      degrees_per_second: this.speed.get(), degrees: this.size.get(), luminance: Number(this.shade.value)}), {"data-testid": "start-textbook"})
    this.stored = element("select", {"aria-label": "Start from an answer", "data-testid": "start-stored"})
    this.stored.addEventListener("change", () => {
      if (this.stored.value) from(this.stored.value)
      this.stored.value = ""
    })
    this.root = element("div", {class: "row", role: "group", "aria-label": "Start"},
      element("div", "field", element("span", "small quiet", "Start from"), press("Grey", blank, {"data-testid": "start-grey"})), labelled("Textbook stimulus", this.kind), ...Object.values(this.fields),
      labelled("Shade", this.shade), use, labelled("Any answer", this.stored))
    this.tell()
  }

  /** Show the numbers that matter for what is chosen. */
  tell() {
    const matters = {edge: ["direction", "speed"], bar: ["direction", "speed", "size"], grating: ["direction", "speed", "size"], flash: [], disc: ["size"]}[this.kind.value]
    for (const [name, field] of Object.entries(this.fields)) field.hidden = !matters.includes(name)
  }

  offer(answers) {
    if (answers === this.answers) return
    this.answers = answers
    this.stored.replaceChildren(element("option", {value: ""}, "choose…"), ...answers.map(({key, label}) => element("option", {value: key}, label)))
    this.stored.disabled = !answers.length
  }
}
