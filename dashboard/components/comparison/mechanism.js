// What carried a response: contributions of input types over time, their hexagons in step with the player,
// and what is left without each. Put before the code of the comparison, which makes sections of it.

const MOST_PARTS = 8 // input types with an area of their own in the plot; the others are one
const CELLS_WIDTH = 250 // pixels that the hexagons of an input type are wide
const NO_CELL = -32768
const OF_WHAT = {
  carried: ["of the voltage above grey", "Voltage above grey (a.u.)"],
  current: ["of the current", "Current (a.u.)"],
}

/** Return the milliseconds from the peak of each frame, as the player has them. */
const timesOf = ({central, peak, dt}) => Array.from(central, (_, frame) => 1000 * (frame - peak) * dt)
const frameOf = ({peak, dt}, ms) => Math.round(ms / (1000 * dt)) + peak
const inMilliseconds = (at) => String(Math.round(at)).replace("-", "−")

/** Return the colors of the input types, by their rank. */
function rankHues(dark) {
  const {accent, others} = THEMES[dark ? "dark" : "light"]
  return [accent, ...others, ...(dark ? ["#ff8a80", "#5b8def", "#bca18f"] : ["#c0392b", "#1b3a8a", "#6d4c41"])]
}

/** Contributions stacked over time: what excites upwards, what inhibits downwards, and their sum. */
class StackedContributions {
  constructor(jump) {
    this.plot = new Plot({label: "Contributions of input types over time", height: 220, xLabel: "Time from the peak (ms)", yLabel: OF_WHAT.carried[1]})
    this.what = element("select", {"aria-label": "Contributions to what"},
      ...Object.entries(OF_WHAT).map(([value, [words]]) => element("option", {value}, words)))
    this.what.addEventListener("change", () => this.draw())
    this.legend = element("div", "ranks")
    const {canvas} = this.plot
    canvas.addEventListener("pointerdown", ({clientX}) => { this.down = clientX })
    canvas.addEventListener("click", ({clientX}) => {
      const {left, right, inverse} = this.plot.axes ?? {}
      const px = clientX - canvas.getBoundingClientRect().left
      const dragged = Math.abs(clientX - this.down) > 8 // which zooms
      if (!dragged && px >= left && px <= right) jump(frameOf(this.scene, inverse(px)))
    })
    this.root = element("div", {"data-testid": "contributions"},
      element("div", "ask", element("h3", {}, "Contributions"), this.what), this.legend, this.plot.root)
  }

  show(scene, hues) {
    Object.assign(this, {scene, hues})
    this.draw()
  }

  draw() {
    const {scene, hues, what: {value: what}} = this
    const n = scene.central.length
    const values = (k) => scene[what].subarray(k * n, (k + 1) * n)
    const own = scene.rows.slice(0, MOST_PARTS).map(({name, sign}, k) => ({name: `${name} (${sign > 0 ? "excites" : "inhibits"})`, values: values(k), color: hues[k]}))
    if (scene.rows.length > MOST_PARTS) {
      const rest = Float32Array.from({length: n}, (_, frame) => {
        let sum = 0
        for (let k = MOST_PARTS; k < scene.rows.length; k++) sum += values(k)[frame]
        return sum
      })
      own.push({name: `${scene.rows.length - MOST_PARTS} others`, values: rest, color: color("quiet")})
    }
    const x = timesOf(scene)
    const [above, below] = [new Float64Array(n), new Float64Array(n)]
    // What changes its sign moves from one stack to the other.
    const parts = own.flatMap(({name, values: brought, color: hue}) => [above, below].flatMap((stack, isBelow) => {
      const [inner, outer] = [Array.from(stack), []]
      brought.forEach((value, frame) => {
        stack[frame] += isBelow ? Math.min(value, 0) : Math.max(value, 0)
        outer.push(stack[frame])
      })
      return [{name, x, y: outer, told: brought, silent: Boolean(isBelow), alpha: 0, bandAlpha: 0.75, bandColor: hue, color: hue, band: [inner, outer]}]
    }))
    const total = Array.from({length: n}, (_, frame) => above[frame] + below[frame])
    parts.push({name: what === "carried" ? "voltage above grey" : "all synapses", x, y: total, color: color("ink"), width: 2.4})
    this.plot.yLabel = OF_WHAT[what][1]
    this.plot.show(parts, {marks: this.marks ?? [], unit: "ms", words: inMilliseconds})
    this.legend.replaceChildren(...parts.filter(({silent}) => !silent).map(({name, color: hue, width}) => {
      const dot = element("i", {class: "dot", "aria-hidden": "true"})
      dot.style.background = hue
      return element("span", width > 2 ? "total" : "", dot, name)
    }))
  }

  mark(ms) {
    this.marks = ms === null ? [] : [ms]
    this.plot.marks = this.marks
    this.plot.draw()
  }
}

/** The cells of one input type on the eye, in step with the player. */
class InputCells {
  constructor(diverging) {
    this.table = diverging
    this.canvas = element("canvas", {role: "img", "aria-label": "Activity of an input type"})
    this.map = new HexCanvas(this.canvas, 1.12, 1.6)
    this.words = element("p", {class: "small", "data-testid": "input-cells"})
    this.root = element("div", "cells", this.canvas, this.words)
  }

  show(scene, theme) {
    const isNew = scene !== this.scene
    Object.assign(this, {scene, theme})
    this.root.hidden = !scene
    if (!scene) return
    if (isNew) {
      const height = Math.floor(CELLS_WIDTH * (SQRT3 * (2 * scene.extent + 1)) / (3 * scene.extent + 2))
      this.map.place(scene, scene.extent, CELLS_WIDTH, height)
    }
    this.frame = null
  }

  draw(frame) {
    const {scene, table} = this
    if (!scene || frame === this.frame) return
    this.frame = frame
    const middle = (table.length - 1) / 2
    const at = frame * scene.nColumns
    this.map.draw(scene.values, at, (value) => table[Math.round((clamp(value / scene.limit, -1, 1) + 1) * middle)], this.theme, null)
    this.root.dataset.frame = frame
    this.words.textContent = `${scene.name}, frame ${frame + 1}: voltage from ${number(-scene.limit)} (blue) to ${number(scene.limit)} a.u. (red), in the middle ${number(scene.values[at + scene.center])}`
  }
}

class Mechanism {
  constructor(model) {
    this.model = model
    this.section = new Section("mechanism", model, (into, isNew) => this.draw(into, isNew))
    this.cells = new Map()
    this.heard = ({detail}) => this.step(detail)
    document.addEventListener("maxstim-frame", this.heard)
  }

  get hues() {
    return rankHues(this.model.dark)
  }

  draw(into, isNew) {
    if (isNew) this.build(into)
    this.table.replaceChildren(...this.lines())
    this.stacked.show(this.scene, this.hues)
    this.hexagons.show(this.cells.get(this.chosen) ?? null, THEMES[this.model.dark ? "dark" : "light"])
    this.overlay()
    this.mark()
    this.markSilenced()
    document.dispatchEvent(new CustomEvent("maxstim-jump", {detail: null}))
  }

  build(into) {
    this.scene = unpack(this.model.mechanism)
    this.cells.clear()
    this.chosen = null
    const {scene} = this
    if (!scene.rows.length) {
      this.table = element("tbody")
      this.stacked = new StackedContributions(() => {})
      this.hexagons = new InputCells(this.model.esm_constants.diverging)
      this.without = this.makeWithout()
      into.replaceChildren(element("p", "quiet", `${scene.cell_type} has no input types: light alone moves it.`))
      return
    }
    this.stacked = new StackedContributions((frame) =>
      document.dispatchEvent(new CustomEvent("maxstim-jump", {detail: frame})))
    this.hexagons = new InputCells(this.model.esm_constants.diverging)
    this.without = this.makeWithout()
    this.table = element("tbody")
    const heads = ["Input type", "", "In grey", "At the peak", "Change", "Left when silenced", "", ""]
    const save = element("button", {type: "button", class: "button"}, "Take home (NetCDF)")
    save.addEventListener("click", () => this.model.send_msg({save: "mechanism"}))
    into.replaceChildren(
      element("p", "quiet", `Response of the central ${scene.cell_type} in ${scene.network}: ${number(scene.response)} a.u. above grey at ` +
        `${Math.round(1000 * scene.peak * scene.dt)} ms. In this model it is the sum of what the input types bring. It is a statement about the model, not about flies.`),
      this.stacked.root,
      element("div", "mechanism",
        element("div", {class: "wide", tabindex: 0, role: "region", "aria-label": "Table of the input types"},
          element("table", {"data-testid": "input-types"},
            element("thead", {}, element("tr", {}, ...heads.map((text, k) => text ? element("th", {scope: "col", class: k > 1 ? "number" : ""}, text) : element("td")))), this.table)),
        element("div", {}, this.hexagons.root, this.without.root)),
      element("div", {}, save))
  }

  makeWithout() {
    return new Plot({label: "Voltage of the central cell, and without the chosen input type", height: 150, xLabel: "Time from the peak (ms)"})
  }

  lines() {
    const {scene, hues} = this
    return scene.rows.map(({name, sign, in_grey: grey, at_peak: peak, change, share, above}, k) => {
      const dot = element("i", {class: "dot", "aria-hidden": "true"})
      dot.style.background = hues[k] ?? color("quiet")
      const show = element("button", {type: "button", class: "text-button", "data-input": name, "aria-pressed": "false",
        title: `Show the cells of ${name} in step with the player, and the response without it`}, "Show")
      show.setAttribute("aria-label", `Show ${name}`)
      show.addEventListener("click", () => this.choose(name))
      const silence = element("button", {type: "button", class: "text-button", "data-silence": name, "aria-pressed": "false"}, "Silence")
      silence.setAttribute("aria-label", `Silence ${name} in the next run`)
      silence.disabled = name === scene.cell_type
      if (silence.disabled) silence.title = "The response of a silenced cell type cannot be asked for."
      silence.addEventListener("click", () => this.model.send_msg({silence: name}))
      const left = element("td", {class: "number", title: above === null ? "" : `${number(above)} a.u. above grey`},
        share === null ? "–" : percent(share))
      return element("tr", {"data-row": name}, element("th", {scope: "row"}, dot, name), element("td", "quiet", sign > 0 ? "excites" : "inhibits"),
        ...[grey, peak, change].map((value) => element("td", "number", number(value, 3))), left, element("td", {}, show), element("td", {}, silence))
    })
  }

  /** Show the cells of an input type, and what is left without it. */
  choose(name) {
    this.chosen = name
    if (!this.cells.has(name)) this.model.send_msg({cells: name})
    this.mark()
    this.hexagons.show(this.cells.get(name) ?? null, THEMES[this.model.dark ? "dark" : "light"])
    this.overlay()
    document.dispatchEvent(new CustomEvent("maxstim-jump", {detail: null}))
  }

  mark() {
    for (const button of this.table.querySelectorAll("[data-input]")) {
      button.setAttribute("aria-pressed", String(button.dataset.input === this.chosen))
    }
  }

  overlay() {
    const {scene, chosen} = this
    const k = scene.rows.findIndex(({name}) => name === chosen)
    this.without.root.hidden = k < 0
    if (k < 0) return
    const n = scene.central.length
    const x = timesOf(scene)
    this.without.show([
      {name: "as it is", x, y: scene.central, color: color("ink"), width: 2},
      {name: `without ${chosen}`, x, y: scene.silenced.subarray(k * n, (k + 1) * n), color: this.hues[k] ?? color("quiet"), width: 2, dash: [5, 3]},
    ], {unit: "ms", words: inMilliseconds, title: `Voltage without ${chosen}`})
  }

  takeCells(block) {
    const scene = placeColumns(unpack(block))
    scene.values = Float32Array.from(scene.voltage, (level) => level === NO_CELL ? NaN : level * scene.unit)
    this.cells.set(scene.name, scene)
    if (scene.name === this.chosen) this.choose(scene.name)
  }

  /** Move to a frame of the player; null where that shows another movie. */
  step(frame) {
    if (!this.section.root.open || !this.scene || !this.hexagons) return
    this.stacked.mark(frame === null ? null : timesOf(this.scene)[frame])
    if (frame !== null && frame < this.scene.central.length) this.hexagons.draw(frame)
  }

  markSilenced() {
    const silenced = new Set(this.model.silenced.split(","))
    for (const button of this.table?.querySelectorAll("[data-silence]") ?? []) {
      const isSilenced = silenced.has(button.dataset.silence)
      button.setAttribute("aria-pressed", String(isSilenced))
      button.textContent = isSilenced ? "Silenced" : "Silence"
    }
  }

  destroy() {
    document.removeEventListener("maxstim-frame", this.heard)
  }
}
