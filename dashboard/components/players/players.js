// Movies side by side, in step: by time or from the peak of each, on the same scales. For whatever answers
// are compared; put before the code of a component, after DRAWING and PLOT. Playing sends nothing.

const FILM_SPEED = 1 / 6 // of real time, as the player at first
const MOST_PLAYERS = 6
const GREY_PIXELS = Uint32Array.from({length: 256}, (_, level) => (0xff << 24 | level << 16 | level << 8 | level) >>> 0)

/** An eye at one size: which column each pixel of a canvas belongs to. For many small films. */
class EyePixels {
  constructor(scene, width) {
    const {extent} = scene
    this.width = width
    this.height = Math.floor(width * SQRT3 * (2 * extent + 1) / (3 * extent + 2))
    const ratio = window.devicePixelRatio || 1
    const [w, h] = [Math.round(width * ratio), Math.round(this.height * ratio)]
    const scale = Math.min(w / (3 * extent + 2), h / (SQRT3 * (2 * extent + 1)))
    const size = 2 * extent + 1
    const places = new Int16Array(size * size).fill(-1)
    for (let i = 0; i < scene.nColumns; i++) places[(scene.u[i] + extent) * size + scene.v[i] + extent] = i
    this.columns = new Int16Array(w * h)
    for (let row = 0, at = 0; row < h; row++) {
      for (let column = 0; column < w; column++, at++) {
        const [x, y] = [(column + 0.5 - w / 2) / scale, (h / 2 - row - 0.5) / scale]
        // Cube rounding, as in HexCanvas.columnAt.
        const [a, b, c] = [-x / 3 - y / SQRT3, 2 * x / 3, -x / 3 + y / SQRT3]
        let [u, v] = [Math.round(a), Math.round(b)]
        const w3 = Math.round(c)
        const [du, dv, dw] = [Math.abs(u - a), Math.abs(v - b), Math.abs(w3 - c)]
        if (du > dv && du > dw) u = -v - w3
        else if (dv > dw) v = -u - w3
        const inside = Math.abs(u) <= extent && Math.abs(v) <= extent
        this.columns[at] = inside ? places[(u + extent) * size + v + extent] : -1
      }
    }
    this.image = new ImageData(w, h)
    this.pixels = new Uint32Array(this.image.data.buffer)
    this.colors = new Uint32Array(scene.nColumns)
  }

  /** Draw one frame of a movie, `offset` numbers from its beginning. */
  draw(canvas, values, offset) {
    const {colors} = this
    for (let i = 0; i < colors.length; i++) colors[i] = GREY_PIXELS[values[offset + i]]
    this.paint(canvas, colors)
  }

  /** Draw each column in its color, as pixels have it; 0 is none. */
  paint(canvas, colors) {
    const {columns, pixels, image} = this
    for (let k = 0; k < columns.length; k++) pixels[k] = columns[k] < 0 ? 0 : colors[columns[k]]
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width
      canvas.height = image.height
      canvas.style.width = `${this.width}px`
      canvas.style.height = `${this.height}px`
    }
    canvas.getContext("2d").putImageData(image, 0, 0)
  }
}

/** Return the films of a block of `packed_films`, by their id. */
function unpackFilms(block) {
  const scene = placeColumns(unpack(block))
  const sizes = new Map()
  scene.pixels = (width) => {
    if (!sizes.has(width)) sizes.set(width, new EyePixels(scene, width))
    return sizes.get(width)
  }
  const films = new Map()
  let first = 0
  for (const about of scene.films) {
    films.set(about.id, {...about, scene,
      stimulus: scene.stimulus.subarray(first * scene.nColumns, (first + about.frames) * scene.nColumns),
      central: scene.central.subarray(first, first + about.frames)})
    first += about.frames
  }
  return films
}

/** One time for all films: seconds from their beginning, or from the peak of each. */
class Clock {
  constructor() {
    Object.assign(this, {playing: false, mode: "time", at: 0, films: [], listeners: new Set()})
  }

  /** What is to be played: how long it takes follows from it. */
  take(films) {
    this.films = films
    const [low, high] = this.span
    this.at = clamp(this.at, low, high)
  }

  get span() {
    const ends = this.films.map(({frames, peak, dt}) => this.mode === "time" ? [0, frames * dt] : [-peak * dt, (frames - peak) * dt])
    return ends.length ? [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))] : [0, 0]
  }

  /** The frame that a film shows now. */
  frame({frames, peak, dt}) {
    const first = this.mode === "time" ? 0 : peak
    return clamp(first + Math.floor(this.at / dt + 1e-6), 0, frames - 1)
  }

  tell() {
    for (const heard of this.listeners) heard()
  }

  set(changes) {
    Object.assign(this, changes)
    this.tell()
  }

  align(mode) {
    this.mode = mode
    this.set({at: this.span[0]})
  }

  play(playing) {
    cancelAnimationFrame(this.request)
    this.set({playing})
    let before = null
    const tick = (now) => {
      const [low, high] = this.span
      if (before !== null && high > low) {
        const next = this.at + (now - before) / 1000 * FILM_SPEED
        this.set({at: next >= high ? low : next})
      }
      before = now
      if (this.playing) this.request = requestAnimationFrame(tick)
    }
    if (playing) this.request = requestAnimationFrame(tick)
  }
}

/** One film with the response beneath it; `hue` names the color of its trace. */
class Player {
  constructor(film, title, actions, hue = () => color("accent")) {
    Object.assign(this, {film, hue})
    this.canvas = element("canvas", {role: "img", "aria-label": `Movie: ${title}`})
    this.trace = element("canvas", {role: "img", "aria-label": `Response: ${title}`})
    this.root = element("div", {class: "one-player", role: "group", "aria-label": title, "data-film": film.id},
      this.canvas, this.trace, element("p", {class: "small player-title", title}, title), element("div", "player-actions", ...actions))
  }

  draw(clock, width, [low, high]) {
    const {film} = this
    const frame = clock.frame(film)
    this.root.dataset.frame = frame
    this.root.style.width = `${width}px`
    film.scene.pixels(width).draw(this.canvas, film.stimulus, frame * film.scene.nColumns)
    const height = 46
    const context = sized(this.trace, width, height)
    context.clearRect(0, 0, width, height)
    const [start, end] = clock.span
    const first = clock.mode === "time" ? 0 : film.peak
    const X = (k) => 3 + ((k - first) * film.dt - start) / (end - start || 1) * (width - 6)
    const Y = (value) => 4 + (high - value) / (high - low || 1) * (height - 8)
    context.lineWidth = 1
    context.setLineDash([2, 2])
    stroke(context, color("quiet"), [[X(film.peak), 0], [X(film.peak), height]])
    context.setLineDash([])
    context.lineWidth = 1.5
    stroke(context, this.hue(), Array.from(film.central, (value, k) => [X(k), Y(value)]))
    context.beginPath()
    context.arc(X(frame), Y(film.central[frame]), 3, 0, 2 * Math.PI)
    context.fillStyle = color("ink")
    context.fill()
  }
}

/** Up to six films side by side with one clock, and what moves it. */
class Players {
  /** `actions` is called with the id of a film and returns the buttons beneath it. */
  constructor(clock, actions) {
    Object.assign(this, {clock, actions, players: []})
    this.button = element("button", {type: "button", class: "button", "aria-pressed": "false"}, "Play in step")
    this.button.addEventListener("click", () => clock.play(!clock.playing))
    this.mode = element("select", {"aria-label": "In step by"},
      element("option", {value: "time"}, "by time"), element("option", {value: "peak"}, "from the peak"))
    this.mode.addEventListener("change", () => clock.align(this.mode.value))
    this.slider = element("input", {type: "range", min: 0, max: 1000, step: 1, value: 0, "aria-label": "Time of all films"})
    this.slider.addEventListener("input", () => {
      const [low, high] = clock.span
      clock.set({at: low + this.slider.value / 1000 * (high - low) * (1 - 1e-6)})
    })
    this.time = element("span", "clock small quiet")
    this.controls = element("div", "clock-controls", this.button, this.mode, this.slider, this.time)
    this.row = element("div", "players-row")
    this.root = element("div", {class: "players", "data-testid": "players"}, this.row)
    clock.listeners.add(() => this.draw())
    this.sizes = new ResizeObserver(() => this.draw())
    this.sizes.observe(this.row)
  }

  /** Show films, each with its `title`. */
  show(films) {
    const before = new Map(this.players.map((player) => [player.film.id, player]))
    this.players = films.map(({film, title}) => before.get(film.id) ?? this.make(film, title))
    this.row.replaceChildren(...this.players.map(({root}) => root))
    const values = films.flatMap(({film}) => Array.from(film.central).filter(Number.isFinite))
    this.limits = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)]
    this.draw()
  }

  make(film, title) {
    return new Player(film, title, this.actions(film.id))
  }

  /** Return how wide each player is. */
  fit(room) {
    const n = Math.max(3, this.players.length)
    return clamp(Math.floor((room - 14 * (n - 1)) / n), 110, 300)
  }

  draw() {
    const {clock} = this
    const [low, high] = clock.span
    this.button.textContent = clock.playing ? "Pause" : "Play in step"
    this.button.setAttribute("aria-pressed", String(clock.playing))
    const text = `${Math.round(1000 * clock.at)} ms${clock.mode === "peak" ? " from the peak" : ""}`.replace("-", "−")
    this.time.textContent = text
    this.slider.value = Math.round(1000 * (clock.at - low) / (high - low || 1))
    this.slider.setAttribute("aria-valuetext", text)
    const room = this.row.clientWidth
    if (!room || !this.players.length) return
    const width = this.fit(room)
    for (const player of this.players) player.draw(clock, width, this.limits)
  }

  destroy() {
    this.clock.play(false)
    this.sizes.disconnect()
  }
}
