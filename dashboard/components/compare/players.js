// Players of pinned answers: the stimulus, the response of all columns and the central trace of each, on
// the same scales. Put before the code of the view.

const LETTERS = "ABCDEF"
const NO_CELL = -32768

/** Return the colors of the answers, by their place. */
function placeHues(dark) {
  const {accent, others, ink} = THEMES[dark ? "dark" : "light"]
  return [accent, ...others, ink]
}

/** A diverging scale about 0 that reaches to `limit`, in colors as pixels have them. */
class DivergingScale {
  constructor(table) {
    this.table = Uint32Array.from(table, ([r, g, b]) => (0xff << 24 | b << 16 | g << 8 | r) >>> 0)
    this.css = `linear-gradient(to right, ${table.filter((_, k) => k % 32 === 0).map((rgb) => `rgb(${rgb})`).join()})`
    this.limit = 1
  }

  of(value) {
    const middle = (this.table.length - 1) / 2
    return this.table[Math.round((clamp(value / this.limit, -1, 1) + 1) * middle)]
  }
}

/** A bar of a scale with its ends and its middle. */
class ScaleLegend {
  constructor(words, scale) {
    Object.assign(this, {scale})
    const ramp = element("i", {"aria-hidden": "true"})
    ramp.style.background = scale.css
    this.ends = element("span", "number")
    this.root = element("p", "small quiet scale", `${words} `, ramp, " ", this.ends)
  }

  tell(unit) {
    const text = `−${number(this.scale.limit)} … 0 … ${number(this.scale.limit)}${unit}`
    if (this.ends.textContent !== text) this.ends.textContent = text
  }
}

class PinnedPlayer extends Player {
  constructor(film, title, actions, hue, scale) {
    super(film, title, actions, hue)
    this.scale = scale
    this.response = element("canvas", {role: "img", "aria-label": `Response of all columns: ${title}`})
    this.canvas.after(this.response)
    this.root.querySelector(".player-title").prepend(this.dot = element("i", {"aria-hidden": "true"}))
  }

  draw(clock, width, limits) {
    super.draw(clock, width, limits)
    this.dot.style.background = this.hue()
    const {scale, film: {scene}} = this
    const eye = scene.pixels(width)
    const at = clock.frame(this.film) * scene.nColumns
    for (let i = 0; i < scene.nColumns; i++) {
      const level = scene.response[at + i]
      eye.colors[i] = level === NO_CELL ? 0 : scale.of(level * scene.unit)
    }
    eye.paint(this.response, eye.colors)
  }
}

/** Two to six of them in a row, and what stands beside them. */
class PinnedPlayers extends Players {
  constructor(clock, actions, scale, hue, beside) {
    super(clock, actions)
    Object.assign(this, {scale, hue, beside})
  }

  make(film, title) {
    const place = this.places.get(film.id)
    return new PinnedPlayer(film, title, this.actions(film.id), () => this.hue(place), this.scale)
  }

  /** Show films, each with its `title` and its `place` among the pins. */
  show(films) {
    const told = JSON.stringify(films.map(({film, title, place}) => [film.id, title, place]))
    if (told === this.told) return this.draw()
    this.told = told
    this.players = [] // who moves has another letter
    this.places = new Map(films.map(({film, place}) => [film.id, place]))
    this.scale.limit = films.reduce((most, {film}) => Math.max(most, film.limit), 0) || 1
    super.show(films)
    this.row.append(this.beside.root)
  }

  /** All that plays is in sight: as wide as the row allows, and as high as the window does. */
  fit(room) {
    const n = Math.max(3, this.players.length + (this.beside.root.hidden ? 0 : 1))
    const wide = Math.floor((room - 14 * (n - 1)) / n)
    const high = Math.floor((window.innerHeight - 430) / 2.3)
    return clamp(Math.min(wide, high), 104, 300)
  }

  draw() {
    super.draw()
    const room = this.row.clientWidth
    if (room && this.players.length) this.beside.draw(this.fit(room))
  }
}
