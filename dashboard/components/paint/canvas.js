// The large canvas that is painted on, with the pointer or by keyboard.

const STEPS_BY_KEY = {ArrowUp: [[-1, 0]], ArrowDown: [[1, 0]]}
const KEYS_OF_CANVAS = "Arrow keys move over the columns, Space paints, 1 to 9 choose from black to white, 0 grey, [ and ] the size of the brush, comma and full stop the frame, C copies the frame forward, M mirrors."

/** Return the steps to try for a key from a column of second coordinate v, so that a row is kept. */
function stepsOf(key, v) {
  if (key in STEPS_BY_KEY) return STEPS_BY_KEY[key]
  const even = v % 2 === 0
  if (key === "ArrowRight") return even ? [[-1, 1], [0, 1]] : [[0, 1], [-1, 1]]
  if (key === "ArrowLeft") return even ? [[0, -1], [1, -1]] : [[1, -1], [0, -1]]
  return null
}

class PaintCanvas {
  /** `brush` is what it is painted with; `frame` tells the frame; `acts` are done by keys of the canvas. */
  constructor(movie, brush, frame, acts) {
    Object.assign(this, {movie, brush, frame, acts, cursor: null, pointed: null, last: null})
    this.canvas = element("canvas", {role: "application", tabindex: 0, "aria-label": "Canvas to paint on", "aria-describedby": "paint-keys", "data-testid": "paint-canvas"})
    this.hexagons = new HexCanvas(this.canvas)
    this.told = element("p", {class: "small quiet", role: "status", "data-testid": "paint-column"})
    this.root = element("div", "paint-canvas", this.canvas)
    this.listen()
  }

  listen() {
    const {canvas} = this
    canvas.addEventListener("contextmenu", (event) => event.preventDefault())
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button > 2 || !this.movie.frames) return
      canvas.setPointerCapture(event.pointerId)
      this.erases = event.button === 2 || event.shiftKey
      this.movie.begin()
      this.last = null
      this.pass(event)
    })
    canvas.addEventListener("pointermove", (event) => {
      if (!this.movie.frames) return
      if (canvas.hasPointerCapture(event.pointerId)) {
        const moves = event.getCoalescedEvents?.() ?? []
        for (const one of moves.length ? moves : [event]) this.pass(one, false)
        this.paintPassed()
      }
      this.pointed = this.columnAt(event)
      this.acts.draw()
    })
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.last = null })
    canvas.addEventListener("pointerleave", () => {
      this.pointed = null
      this.acts.draw()
    })
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.acts.draw())
    canvas.addEventListener("keydown", (event) => this.press(event))
  }

  columnAt(event) {
    const box = this.canvas.getBoundingClientRect()
    return this.hexagons.columnAt(event.clientX - box.left, event.clientY - box.top)
  }

  /** Let the brush pass to where the pointer is, over all columns on the way. */
  pass(event, paint = true) {
    const box = this.canvas.getBoundingClientRect()
    const to = [event.clientX - box.left, event.clientY - box.top]
    const from = this.last ?? to
    const length = Math.hypot(to[0] - from[0], to[1] - from[1])
    const steps = Math.max(1, Math.ceil(length / this.hexagons.scale))
    this.passed ??= new Set()
    for (let k = 0; k <= steps; k++) {
      const column = this.hexagons.columnAt(...from.map((x, axis) => x + (to[axis] - x) * k / steps))
      if (column !== null) this.passed.add(column)
    }
    this.last = to
    if (paint) this.paintPassed()
  }

  paintPassed() {
    const columns = [...this.passed ?? []]
    this.passed = null
    if (columns.length) this.paint(columns, this.erases)
  }

  paint(columns, erases = false) {
    const {movie, brush} = this
    const first = this.frame()
    movie.paint(columns, brush, erases ? movie.grey : brush.level, first, Math.min(movie.frames, first + brush.frames))
  }

  press(event) {
    const {movie, brush, acts} = this
    if (!movie.frames || event.altKey || event.metaKey || event.ctrlKey) return
    const {key} = event
    const steps = stepsOf(key, movie.scene.v[this.cursor ?? movie.scene.center])
    if (steps) this.move(steps)
    else if (key === " " || key === "Enter") {
      movie.begin()
      this.paint([this.cursor ?? movie.scene.center], event.shiftKey)
    } else if (/^[0-9]$/.test(key)) brush.set({level: key === "0" ? movie.grey : Math.round((Number(key) - 1) / 8 * movie.white)})
    else if (key === "[" || key === "]") brush.set({radius: brush.radius + (key === "]" ? 1 : -1)})
    else if (key === "," || key === ".") acts.step(key === "." ? 1 : -1)
    else if (key === "c" || key === "C") acts.copy()
    else if (key === "m" || key === "M") brush.set({mirror: brush.mirror ? 0 : 1})
    else return
    event.preventDefault()
    event.stopPropagation()
    this.tell()
  }

  move(steps) {
    const {u, v, index, center} = this.movie.scene
    const at = this.cursor ?? center
    this.cursor = at
    for (const [du, dv] of steps) {
      const next = index.get(`${u[at] + du},${v[at] + dv}`)
      if (next !== undefined) {
        this.cursor = next
        break
      }
    }
    this.acts.draw()
  }

  /** Say where the keyboard is, and what is there. */
  tell() {
    const {movie} = this
    const i = this.cursor ?? movie.scene.center
    const level = movie.levels[this.frame() * movie.scene.nColumns + i]
    const text = `Column (${movie.scene.u[i]}, ${movie.scene.v[i]}): ${Math.round(100 * level / movie.white)} % of white.`.replaceAll("-", "−")
    if (this.told.textContent !== text) this.told.textContent = text
  }

  place(width, height) {
    const {scene} = this.movie
    this.hexagons.place(scene, scene.extent, width, height)
  }

  draw(theme) {
    const {movie, hexagons} = this
    if (!movie.frames || !hexagons.width) return
    const focused = this.canvas.getRootNode().activeElement === this.canvas && this.pointed === null
    const at = focused ? this.cursor ?? movie.scene.center : this.pointed
    const shade = 255 / movie.white
    const context = hexagons.draw(movie.levels, this.frame() * movie.scene.nColumns, (level) => GREYS[Math.round(level * shade)], theme, null)
    if (at === null) return
    for (const i of movie.covered([at], this.brush)) hexagons.mark(context, i, theme.accent, 1.4)
    hexagons.mark(context, at, "#000", 3)
    hexagons.mark(context, at, "#fff", 1.4)
  }
}
