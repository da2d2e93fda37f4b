// The browser's half of ComparisonPanel: the controls of an answer, the dial of its curve, its mechanism.
// A movie is shown by the player of the page, to which it goes by an event of the document.

const [TOUCHING, RIM] = [1.12, 1.6] // as in the gallery: no gaps
const THUMB = 84 // pixels that the picture of a control is wide
const WORDS = {
  controls: {
    title: "Controls", action: "Compare", none: "Is it better than a plain moving edge? Would other networks agree?",
    cost: "Shows the network textbook stimuli, clips and altered copies of the movie, and the movie to the other " +
      "networks. It takes about as long as one to three runs, and lets every run go first.",
  },
  curve: {
    title: "Curve", action: "Find the curve", none: "The best movie at each of 12 contrast energies.",
    cost: "Finds the best movie at 12 contrast energies. It takes about as long as four runs, and lets every run go first.",
  },
  mechanism: {
    title: "Mechanism", action: "Take it apart", none: "Which input types carried the response? What is left without one?",
    cost: "Takes the response of the central cell apart by input type, exactly, and shows the movie again with one input " +
      "type silenced after the other. It takes some seconds, and lets every run go first.",
  },
}
const TWICE = ["edge", "bar", "grating", "flash", "disc", "natural"] // shown at full contrast and at equal energy
const FAMILIES = {natural: "clip", inverted: "inverted", reversed: "backwards"}

/** Let the player of the page show a movie instead of the answer, or the answer again. */
function lend(movie) {
  document.dispatchEvent(new CustomEvent("maxstim-movie", {detail: movie}))
}

const percent = (share) => share === null ? "–" : `${Math.round(100 * share)} %`.replace("-", "−")

/** A section that opens: how it stands, what starts it, and what was found. */
class Section {
  constructor(kind, model, draw) {
    Object.assign(this, {kind, model, drawFound: draw, block: null})
    const words = WORDS[kind]
    this.said = element("span", {class: "said", role: "status"})
    this.start = element("button", {type: "button", class: "button"}, words.action)
    this.stop = element("button", {type: "button", class: "button"}, "Cancel")
    this.cost = element("p", "quiet", words.cost)
    this.ask = element("div", "ask", this.start, this.stop, this.cost)
    this.found = element("div", "inside")
    this.root = element("details", {"data-testid": kind},
      element("summary", {}, element("h2", {}, words.title), this.said), this.ask, this.found)
    this.start.addEventListener("click", () => model.send_msg({compute: kind}))
    this.stop.addEventListener("click", () => model.send_msg({cancel: kind}))
    this.root.addEventListener("toggle", () => this.look())
  }

  /** Ask for what was found, once it is looked at. */
  look() {
    const there = this.model.states[this.kind]?.state === "there"
    if (this.root.open && there && !this.model[this.kind].byteLength) this.model.send_msg({look: this.kind})
    this.draw()
  }

  update() {
    const {state = "", said = ""} = this.model.states[this.kind] ?? {}
    this.root.hidden = !state
    this.root.dataset.state = state
    const text = said || (state === "none" ? WORDS[this.kind].none : "")
    if (this.said.textContent !== text) this.said.textContent = text
    this.ask.hidden = !["none", "going", "failed"].includes(state)
    this.start.hidden = state === "going"
    this.stop.hidden = state !== "going"
    this.look()
  }

  /** Draw what was found, where it is new or the page has another theme. */
  draw() {
    const block = this.model[this.kind]
    this.found.hidden = !block.byteLength
    if (!this.root.open) return
    if (block === this.block && this.dark === this.model.dark) return
    const isNew = block !== this.block
    Object.assign(this, {block, dark: this.model.dark})
    if (!block.byteLength) this.found.replaceChildren()
    else this.drawFound(this.found, isNew)
  }
}

/** Return how what is shown at equal energy differs from what is shown at full contrast, in words. */
function alsoAs(full, equal) {
  if (equal === full) return ""
  return `; at equal energy ${equal.startsWith(`${full}, `) ? equal.slice(full.length + 2) : equal}`
}

// ---- the controls

/** A movie of a block as the player takes it. */
function movieOf(scene, k, title, central = null) {
  const size = scene.stimulus.length / scene.n
  return {
    title, dt: scene.dt, central, cell_type: scene.cell_type,
    u: scene.u, v: scene.v, stimulus: scene.stimulus.slice(k * size, (k + 1) * size),
  }
}

class Controls {
  constructor(model) {
    this.model = model
    this.section = new Section("controls", model, (into, isNew) => this.draw(into, isNew))
  }

  get theme() {
    return THEMES[this.model.dark ? "dark" : "light"]
  }

  draw(into, isNew) {
    if (isNew) {
      this.scene = placeColumns(unpack(this.model.controls))
      this.nFrames = this.scene.stimulus.length / this.scene.n / this.scene.nColumns
    }
    const {scene} = this
    into.replaceChildren(
      element("div", {}, element("h3", {}, "The frame before the peak, one scale of luminance; press one to play it above"), this.strip()),
      this.table(),
      element("div", "three", this.plotBox("contrast"), this.plotBox("shift"), this.smallest()),
      this.transfer(),
      element("div", {}, this.saver()))
    this.plot("contrast", scene.contrast, "Factor of the contrast")
    this.plot("shift", scene.shift, "Columns of shift")
  }

  strip() {
    const {scene} = this
    const buttons = scene.shown.map(({name, row}, k) => {
      const canvas = element("canvas", {"aria-hidden": "true"})
      const {response} = scene.rows[row]
      const button = element("button", {type: "button", "aria-pressed": "false", title: name,
        "aria-label": `Play ${name}, response ${number(response)}`}, canvas,
      element("b", {}, number(response)), element("span", {}, name))
      const map = new HexCanvas(canvas, TOUCHING, RIM)
      const height = Math.floor(THUMB * (SQRT3 * (2 * scene.extent + 1)) / (3 * scene.extent + 2))
      map.place(scene, scene.extent, THUMB, height)
      map.draw(scene.stimulus, (k * this.nFrames + scene.stills[k]) * scene.nColumns, (level) => GREYS[level], this.theme, null)
      button.addEventListener("click", () => this.play(k))
      return button
    })
    this.buttons = buttons
    return element("div", {class: "strip", role: "group", "aria-label": "The answer and its controls"}, ...buttons)
  }

  play(k) {
    const {scene} = this
    lend(k ? movieOf(scene, k, scene.shown[k].name) : null)
    this.mark(k)
  }

  mark(chosen) {
    (this.buttons ?? []).forEach((button, k) => button.setAttribute("aria-pressed", String(k === chosen)))
  }

  table() {
    const {rows} = this.scene
    const cells = (row) => {
      if (!row) return [element("td", "number", "–"), element("td", "share"), element("td", "number")]
      const bar = element("i", {"aria-hidden": "true"})
      bar.style.setProperty("--part", `${clamp(100 * (row.share ?? 0), 0, 100)}%`)
      return [element("td", "number", number(row.response, 2)),
        element("td", "share", bar, percent(row.share)), element("td", "number", number(row.contrast_energy))]
    }
    const lines = [["answer", "the answer", null, rows[0]]]
    for (let k = 1; k < rows.length; k++) {
      const {family, name} = rows[k]
      if (!TWICE.includes(family)) lines.push([family, name, null, rows[k]])
      else if (rows[k].shown === "full contrast") {
        const equal = rows.find((one) => one.family === family && one.shown !== rows[k].shown)
        lines.push([family, name + alsoAs(name, equal?.name ?? name), rows[k], equal])
      }
    }
    const head = (text, span = 1) => element("th", {scope: span > 1 ? "colgroup" : "col", colspan: span}, text)
    const heads = ["response (RMS)", "of the answer", "energy"]
    return element("div", {class: "wide", tabindex: 0, role: "region", "aria-label": "Table of the controls"},
      element("table", {},
        element("thead", {},
          element("tr", {}, element("td", {colspan: 2}), head("Full contrast", 3), head("Equal energy", 3)),
          element("tr", {}, head("Kind"), head("Control"), ...[...heads, ...heads].map((text) => head(text)))),
        element("tbody", {}, ...lines.map(([family, name, full, equal]) =>
          element("tr", {}, element("td", "quiet", FAMILIES[family] ?? family),
            element("th", {scope: "row"}, name), ...cells(full), ...cells(equal))))))
  }

  plotBox(kind) {
    const label = {contrast: "Response to the answer with its contrast changed", shift: "Response to the answer moved aside"}[kind]
    const plot = new Plot({label, height: 170, xLabel: {contrast: "factor of the contrast", shift: "columns of shift"}[kind]})
    this[`${kind}Plot`] = plot
    return element("div", {}, element("h3", {}, label), plot.root)
  }

  plot(kind, {x, y}, unit) {
    this[`${kind}Plot`].show([{name: "response (RMS)", x, y, width: 2, color: color("accent")}],
      {unit, words: (at) => tickText(at), marks: kind === "contrast" ? [1] : [], fromZero: true})
  }

  /** The columns that are enough, in the frame before the peak. */
  smallest() {
    const {scene} = this
    const canvas = element("canvas", {role: "img", "aria-label": "The smallest set of columns that keeps 85 % of the response"})
    const map = new HexCanvas(canvas, TOUCHING, RIM)
    const width = 130
    map.place(scene, scene.extent, width, Math.floor(width * (SQRT3 * (2 * scene.extent + 1)) / (3 * scene.extent + 2)))
    const at = scene.stills[0] * scene.nColumns
    const frame = Uint8Array.from(scene.kept, (kept, i) => kept ? scene.stimulus[at + i] : 128)
    map.draw(frame, 0, (level) => GREYS[level], this.theme, null)
    const context = canvas.getContext("2d")
    scene.kept.forEach((kept, i) => kept && map.mark(context, i, color("accent"), 1))
    const words = scene.smallest.map(({part, size, share}) => `${size} ${part} (${percent(share)})`)
    return element("div", {}, element("h3", {}, "What matters"),
      element("div", "part", canvas, element("p", {},
        words.length ? `All else grey, this alone keeps at least 85 % of the response: ${words.join("; or ")}.`
          : scene.nothing ? "The movie does next to nothing, so that no part of it matters."
            : "Only the whole movie keeps 85 % of the response.")))
  }

  transfer() {
    const items = this.scene.transfer.map(({network, response, share, relation}) =>
      element("li", {}, element("span", {title: network}, `${network} `, element("em", "quiet", relation)),
        element("b", {}, number(response, 2)), ` ${percent(share)}`))
    return element("div", {}, element("h3", {}, "The answer in other networks, each in its own RMS"), element("ul", {}, ...items))
  }

  saver() {
    const button = element("button", {type: "button", class: "button"}, "Take home (NetCDF)")
    button.addEventListener("click", () => this.model.send_msg({save: this.section.kind}))
    return button
  }
}

// ---- the curve

/** Return the logarithms of 1, 3, 10, 30, … between two. */
function decadeTicks(first, last) {
  const decades = Array.from({length: Math.ceil(last) - Math.floor(first)}, (_, k) => Math.floor(first) + k)
  return decades.flatMap((power) => [power, power + Math.log10(3)]).filter((at) => at >= first && at <= last)
}

class Curve {
  constructor(model) {
    this.model = model
    this.section = new Section("curve", model, (into, isNew) => this.draw(into, isNew))
  }

  draw(into, isNew) {
    if (isNew) this.build(into)
    this.show()
  }

  build(into) {
    this.scene = unpack(this.model.curve)
    const {energies} = this.scene
    this.k = energies.length - 1
    this.plot = new Plot({label: "Response of the best movie against its contrast energy", height: 200,
      xLabel: "Contrast energy", yLabel: "Response (RMS)"})
    this.dial = element("input", {type: "range", min: 0, max: energies.length - 1, step: 1, value: this.k, "aria-label": "Contrast energy"})
    this.told = element("span", "told") // no output: that is read aloud at every step, as the dial is
    this.dial.addEventListener("input", () => {
      this.k = Number(this.dial.value)
      this.show()
      this.play()
    })
    const play = element("button", {type: "button", class: "button"}, "Show it above")
    play.addEventListener("click", () => this.play())
    const save = element("button", {type: "button", class: "button"}, "Take home (NetCDF)")
    save.addEventListener("click", () => this.model.send_msg({save: "curve"}))
    into.replaceChildren(
      element("p", "quiet", `Objective ${this.scene.objective}. The dial changes the movie in the player.`),
      this.plot.root, element("div", "dial", this.dial, this.told),
      element("div", "ask", play, save))
  }

  show() {
    const {energies, responses} = this.scene
    const x = energies.map(Math.log10)
    this.plot.show([{name: "response (RMS)", x, y: responses, width: 2, color: color("accent")}],
      {marks: [x[this.k]], words: (at) => `contrast energy ${number(10 ** at)}`,
        tick: (at) => tickText(Number((10 ** at).toPrecision(2))), ticks: decadeTicks, fromZero: true})
    const text = `Contrast energy ${number(energies[this.k])}, response ${number(responses[this.k])} RMS`
    this.dial.setAttribute("aria-valuetext", text)
    this.told.textContent = text
  }

  play() {
    const {scene, k} = this
    const nFrames = scene.central.length / scene.n
    lend(movieOf(scene, k, `Contrast energy ${number(scene.energies[k])}`, scene.central.slice(k * nFrames, (k + 1) * nFrames)))
  }
}

export function render({model}) {
  const parts = [new Controls(model), new Curve(model), new Mechanism(model)]
  const sections = parts.map((part) => part.section)
  const root = element("section", {class: "card", "aria-label": "Beside the answer"}, ...sections.map((one) => one.root))
  const update = () => {
    root.hidden = !Object.keys(model.states).length
    for (const section of sections) section.update()
  }
  for (const property of ["states", "controls", "curve", "mechanism", "dark"]) model.on(property, update)
  const mechanism = parts[2]
  model.on("silenced", () => mechanism.markSilenced())
  model.on("msg:custom", (message) => {
    const told = message.data?.name || message.data?.cells ? message.data : message
    if (told.cells) mechanism.takeCells(told.cells)
    else saveFile(told)
  })
  const returned = (event) => event.detail === null && parts[0].mark(0)
  document.addEventListener("maxstim-movie", returned)
  model.on("remove", () => {
    document.removeEventListener("maxstim-movie", returned)
    mechanism.destroy()
  })
  update()
  return root
}
