// The stimulus of one pinned answer minus that of another, frame by frame as they play in step.

const SAME = 1.5 / 255 // luminance travels in 255 levels: what differs by less is the same
const LEAST_LIMIT = 0.05 // of the colors: smaller differences would be made to look large

class StimulusDifference {
  constructor(clock, table) {
    this.clock = clock
    this.scale = new DivergingScale(table)
    this.pair = [0, 1]
    this.shown = []
    this.canvas = element("canvas", {role: "img", "aria-label": "Difference of two stimuli"})
    this.selects = ["Stimulus of", "minus that of"].map((label, k) => {
      const select = element("select", {"aria-label": label})
      select.addEventListener("change", () => {
        this.pair[k] = Number(select.value)
        this.measure()
        this.draw(this.width)
      })
      return select
    })
    this.legend = new ScaleLegend("luminance", this.scale)
    this.said = element("p", {class: "small quiet", "data-testid": "difference"})
    this.ended = element("p", {class: "small quiet ended", hidden: ""}, "Only one of them plays now.")
    this.root = element("div", {class: "one-player difference", role: "group", "aria-label": "Difference of stimuli", hidden: ""},
      this.canvas, this.ended, element("div", "minus", this.selects[0], element("span", {}, "minus"), this.selects[1]),
      this.legend.root, this.said)
  }

  /** Take what can be subtracted: the `film` and `letter` of each. */
  show(shown) {
    const letters = shown.map(({letter}) => letter).join("")
    const isNew = letters !== this.shown.map(({letter}) => letter).join("")
    this.shown = shown
    this.root.hidden = shown.length < 2
    if (this.root.hidden) return
    if (isNew) {
      this.selects.forEach((select) => select.replaceChildren(...shown.map(({letter}, k) => element("option", {value: k}, letter))))
      if (Math.max(...this.pair) >= shown.length) this.pair = [0, 1]
      this.selects.forEach((select, k) => { select.value = this.pair[k] })
    }
    this.measure()
  }

  get films() {
    return this.pair.map((k) => this.shown[k].film)
  }

  /** Return the frame of a film at a time of the clock, or null where it has none then. */
  frame({frames, peak, dt}, at) {
    const frame = (this.clock.mode === "time" ? 0 : peak) + Math.floor(at / dt + 1e-6)
    return frame >= 0 && frame < frames ? frame : null
  }

  /** Find the largest difference of any frame, to which the colors reach, and its mean square. */
  measure() {
    if (this.root.hidden) return
    const [one, other] = this.films
    this.other = this.places(one.scene, other.scene)
    const [low, high] = this.clock.span
    const step = Math.min(one.dt, other.dt)
    let [largest, squares, count] = [0, 0, 0]
    for (let k = 0; k < Math.round((high - low) / step); k++) {
      this.each(low + k * step, (_, difference) => {
        largest = Math.max(largest, Math.abs(difference))
        squares += difference * difference
        count++
      })
    }
    this.mode = this.clock.mode
    this.scale.limit = Math.max(largest, LEAST_LIMIT)
    this.legend.tell("")
    const rms = count ? Math.sqrt(squares / count) : 0
    this.said.textContent = !count ? "They share no moment."
      : largest < SAME ? "No difference: the stimuli are the same."
        : `Largest ${number(largest, 2)}, root mean square ${number(rms, 3)}${!this.isSameEye ? "; columns that both eyes have" : ""}`
  }

  /** Return for each column of an eye which one of another lies there, or -1. */
  places(scene, other) {
    this.isSameEye = scene.nColumns === other.nColumns
    return Int16Array.from(scene.u, (u, i) => other.index.get(`${u},${scene.v[i]}`) ?? -1)
  }

  /** Call with each column and its difference at a time of the clock; tell whether both have one then. */
  each(at, call) {
    const [one, other] = this.films
    const [a, b] = [this.frame(one, at), this.frame(other, at)]
    if (a === null || b === null) return false
    const [from, to] = [a * one.scene.nColumns, b * other.scene.nColumns]
    for (let i = 0; i < one.scene.nColumns; i++) {
      const j = this.other[i]
      if (j >= 0) call(i, (one.stimulus[from + i] - other.stimulus[to + j]) / 255)
    }
    return true
  }

  draw(width) {
    this.width = width
    if (this.root.hidden || !width) return
    if (this.mode !== this.clock.mode) this.measure()
    const eye = this.films[0].scene.pixels(width)
    eye.colors.fill(0)
    const both = this.each(this.clock.at, (i, difference) => { eye.colors[i] = this.scale.of(difference) })
    this.ended.hidden = both
    this.root.style.width = `${width}px`
    eye.paint(this.canvas, eye.colors)
  }
}
