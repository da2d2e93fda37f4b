// The browser's half of PaintPanel: canvas, brush, timeline, response, and what is done with a painting.

const PAINT_SPEED = 1 / 6 // of real time, as the other players
const HIGHEST_CANVAS = 660
const LOWEST_CANVAS = 300
const HIGHEST_STACKED = 480 // where everything stands below each other
const BESIDE_CANVAS = 378 // pixels of a window that are not the canvas: what stands above and below it
const BESIDE_RESPONSE = 565 // the same of the response

class PaintPage {
  constructor(model) {
    this.model = model
    this.frame = 0
    const constants = model.esm_constants
    this.table = constants.diverging
    this.movie = new PaintedMovie((said) => model.send_msg(said), () => this.changed())
    this.brush = new Brush(constants, () => this.draw())
    const acts = {draw: () => this.draw(), step: (by) => this.seek(this.frame + by), copy: () => this.copy()}
    this.painted = new PaintCanvas(this.movie, this.brush, () => this.frame, acts)
    this.watched = new HexCanvas(element("canvas", {role: "img", "aria-label": "Response of the cell type in all columns", "data-testid": "paint-response"}))
    this.trace = new PaintTrace(this.movie, (frame) => this.seek(frame))
    this.score = new PaintScore()
    this.starts = new Starts(constants, {
      blank: () => this.act(() => this.movie.blank()),
      textbook: (textbook) => model.send_msg({textbook}),
      from: (key) => model.send_msg({from: key}),
    })
    this.cell = choice("Cell type that watches", model.cell_types.map((name) => ({name, label: name})), (cell) => model.send_msg({cell}))
    this.cell.dataset.testid = "paint-cell"
    this.build(constants)
    this.sizes = new ResizeObserver(() => this.place())
    for (const part of [this.left, this.right, this.trace.root]) this.sizes.observe(part)
    this.resized = () => this.place()
    addEventListener("resize", this.resized)
    this.refresh()
    model.send_msg({ready: true})
  }

  build({most_frames}) {
    const {model, movie} = this
    this.undo = press("Undo", () => this.exchange("undo"), {"data-testid": "paint-undo"})
    this.redo = press("Redo", () => this.exchange("redo"), {"data-testid": "paint-redo"})
    this.play = press("Play", () => this.setPlaying(!this.playing), {"data-testid": "paint-play", "aria-pressed": "false"})
    this.timeline = slider("Frame", 0, 79, (frame) => this.seek(frame), "paint-frame")
    this.time = element("span", "small quiet clock")
    this.length = typed("Length in frames", {value: 80, low: 1, high: most_frames, testid: "paint-length"},
      (frames) => this.act(() => movie.setLength(frames)))
    this.said = element("p", {class: "small quiet", role: "status", "data-testid": "paint-said"})
    const told = (label, name) => press(label, () => model.send_msg({press: name}), {"data-testid": `paint-${name}`})
    this.kept = [told("Store", "store"), told("Regularize this", "regularized"), told("Improve by gradient", "generated"),
      told("Figure", "figure"), told("Film", "film"), told("NetCDF", "data"), told("Code", "code")]
    this.code = element("pre", {tabindex: 0, "data-testid": "paint-code-lines"})
    this.codeDialog = dialog("The painting in Python", this.code)
    this.title = element("h2")
    this.left = element("div", "canvas-room", this.painted.root)
    this.colors = {low: element("span"), high: element("span"), unit: element("span", "quiet")}
    const stops = Array.from({length: 9}, (_, k) => this.table[Math.round(k / 8 * (this.table.length - 1))])
    const ramp = element("span", "ramp")
    ramp.style.background = `linear-gradient(to right, ${stops.join(", ")})`
    this.right = element("div", "response-room", this.watched.canvas,
      element("p", {class: "small colors", "data-testid": "paint-colors"}, this.colors.low, ramp, this.colors.high, this.colors.unit))
    const keys = element("p", {class: "small quiet", id: "paint-keys"}, KEYS_OF_CANVAS)
    this.note = element("p", {class: "small refused", role: "status", hidden: "", "data-testid": "paint-note"})
    const tools = element("div", "tools", this.brush.root, element("div", "row", this.undo, this.redo,
      press("Copy forward", () => this.copy(), {"data-testid": "paint-copy", title: "Copy this frame over those that follow, as many as the brush paints"})))
    this.view = element("div", {class: "paint-view", "data-testid": "paint-view"},
      element("section", {class: "card start", "aria-label": "Start from"}, element("h1", {}, "Paint"), this.starts.root),
      element("div", "rooms",
        element("section", {class: "card", "aria-label": "Stimulus"}, element("div", "easel", tools, this.left),
          element("div", "bar", this.play, this.timeline, this.time, labelled("Length", this.length.input)), this.trace.root,
          element("p", "small quiet", "Solid: your response. Dashed: the optimizer’s. Bars: contrast energy of each frame."),
          this.painted.told, keys),
        element("section", {class: "card", "aria-label": "Response"}, element("div", "bar", this.title, this.cell), this.note, this.right, this.score.root,
          element("div", {class: "row keeps", role: "group", "aria-label": "What to do with it"}, ...this.kept), this.said)),
      this.codeDialog)
    this.root = element("div", "paint-room", this.view)
    this.root.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || !["z", "y"].includes(event.key.toLowerCase())) return
      this.exchange(event.key.toLowerCase() === "y" || event.shiftKey ? "redo" : "undo")
      event.preventDefault()
    })
  }

  get theme() {
    return THEMES[this.model.dark ? "dark" : "light"]
  }

  /** Do something that can be undone. */
  act(change) {
    if (!this.movie.frames) return
    this.movie.begin()
    change()
  }

  exchange(which) {
    if (this.movie.frames) this.movie[which]()
  }

  /** Copy the frame on show over as many of those that follow as the brush paints. */
  copy() {
    this.act(() => this.movie.copyForward(this.frame, Math.min(this.movie.frames, this.frame + this.brush.frames)))
  }

  seek(frame) {
    this.frame = clamp(frame, 0, Math.max(0, this.movie.frames - 1))
    this.draw()
  }

  setPlaying(playing) {
    cancelAnimationFrame(this.playback)
    this.playing = playing
    this.play.textContent = playing ? "Pause" : "Play"
    this.play.setAttribute("aria-pressed", String(playing))
    let [before, at] = [null, this.frame]
    const tick = (now) => {
      if (before !== null) at += (now - before) / 1000 * PAINT_SPEED / this.movie.dt
      before = now
      if (at >= this.movie.frames) at = 0
      this.seek(Math.floor(at))
      this.playback = requestAnimationFrame(tick)
    }
    if (playing) this.playback = requestAnimationFrame(tick)
  }

  /** Take a block of the server. */
  take(block) {
    const told = unpack(block)
    if (told.kind === "painting") this.movie.take(told)
    else if (told.kind === "response" && this.movie.answered(told)) {
      this.response = this.trace.response = told
      const limit = number(told.limit)
      this.colors.low.textContent = `−${limit}`
      this.colors.high.textContent = limit
      this.colors.unit.textContent = told.unit === "RMS" ? "RMS above grey" : "a.u. above grey"
      Object.assign(this.view.dataset, {serial: told.serial, cell: told.cell_type, settled: this.movie.settled})
      this.tellScore()
      this.draw()
    } else if (told.kind === "rival") {
      this.rival = told
      this.tellScore()
      this.draw()
    }
  }

  /** What was found to beat what is on show: there may be none; null while it is looked for. */
  get found() {
    const {rival, response} = this
    const isOfIt = rival && response && ["cell_type", "network", "silenced"].every((name) => rival[name] === response[name])
    return isOfIt ? rival : null
  }

  get toBeat() {
    return this.found?.there ? this.found : null
  }

  tellScore() {
    const {response} = this
    this.score.show(response, this.found)
    this.title.textContent = response ? responseTitle(response) : "Response"
    const note = response?.note ?? ""
    if (this.note.textContent !== note) this.note.textContent = note
    this.note.hidden = !note
  }

  changed() {
    const {movie} = this
    this.brush.white = movie.white
    this.view.dataset.settled = movie.settled
    this.length.set(movie.frames)
    this.undo.disabled = !movie.past.length
    this.redo.disabled = !movie.future.length
    this.timeline.max = movie.frames - 1
    this.frame = clamp(this.frame, 0, movie.frames - 1)
    if (this.painted.hexagons.scene !== movie.scene) this.place()
    this.draw()
  }

  place() {
    const {movie} = this
    if (!movie.frames) return
    const rings = movie.scene.extent
    const fits = (room, highest) => {
      const width = Math.min(room.clientWidth, highest * (3 * rings + 2) / (SQRT3 * (2 * rings + 1)))
      return [Math.floor(width), Math.floor(width * SQRT3 * (2 * rings + 1) / (3 * rings + 2))]
    }
    if (!this.left.clientWidth) { // another view is open
      this.setPlaying(false)
      return
    }
    const isStacked = getComputedStyle(this.view).getPropertyValue("--stacked") === "1"
    const highest = (beside) => isStacked ? HIGHEST_STACKED : clamp(innerHeight - beside, 0, HIGHEST_CANVAS)
    this.painted.place(...fits(this.left, Math.max(LOWEST_CANVAS, highest(BESIDE_CANVAS))))
    this.watched.place(movie.scene, rings, ...fits(this.right, Math.max(0.7 * LOWEST_CANVAS, Math.min(0.8 * HIGHEST_CANVAS, highest(BESIDE_RESPONSE)))))
    this.draw()
  }

  draw() {
    cancelAnimationFrame(this.drawing)
    this.drawing = requestAnimationFrame(() => this.drawNow())
  }

  drawNow() {
    const {movie, frame, theme, response, table} = this
    if (!movie.frames) return
    this.timeline.value = frame
    const text = `Frame ${frame + 1} of ${movie.frames}, ${Math.round(1000 * frame * movie.dt)} ms`
    this.timeline.setAttribute("aria-valuetext", text)
    this.time.textContent = text
    this.view.dataset.frame = frame
    this.painted.draw(theme)
    if (this.watched.width) {
      const n = movie.scene.nColumns
      const there = response && (frame + 1) * n <= response.response.length
      const values = there ? Float32Array.from(response.response.subarray(frame * n, (frame + 1) * n), (level) => level || NaN) : null
      this.watched.draw(values, 0, (level) => table[Math.round((level - 1) / 254 * (table.length - 1))], theme, null)
    }
    this.trace.draw(frame, theme, this.toBeat)
  }

  refresh() {
    const {model} = this
    this.cell.value = model.cell_type
    this.starts.offer(model.stored)
    if (this.said.textContent !== model.said) this.said.textContent = model.said
    this.tellScore()
  }

  showCode(code) {
    this.code.textContent = code
    this.codeDialog.showModal()
  }

  destroy() {
    this.setPlaying(false)
    cancelAnimationFrame(this.drawing)
    this.sizes.disconnect()
    removeEventListener("resize", this.resized)
    this.movie.destroy()
  }
}

function responseTitle({cell_type, silenced}) {
  return `Response of ${cell_type}${silenced ? ` with ${silenced} silenced` : ""}`
}

export function render({model}) {
  model.drawn = true // else the first message would describe the whole model to the server, which has it
  const page = new PaintPage(model)
  for (const name of ["cell_type", "stored", "said"]) model.on(name, () => page.refresh())
  model.on("dark", () => requestAnimationFrame(() => page.draw()))
  model.on("msg:custom", (message) => {
    const told = message.data?.block || message.data?.name || message.data?.code ? message.data : message
    if (told.block) page.take(told.block)
    else if (told.code) page.showCode(told.code)
    else saveFile(told)
  })
  model.on("remove", () => page.destroy())
  return page.root
}
