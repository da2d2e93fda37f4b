// The grid of films: a tile for each run, filled in as answers come; films of tiles in sight are asked for.

const TILE = 92 // pixels that a film is wide
const AT_ONCE = 24 // films that are asked for at a time
const BUILT_AT_ONCE = 40 // tiles that are made between two frames

class Tile {
  constructor(row, selection) {
    this.canvas = element("canvas", {"aria-hidden": "true"})
    this.said = element("span")
    this.root = element("button", {type: "button", class: "tile", "aria-pressed": "false", "data-row": row.id}, this.canvas, this.said)
    this.root.addEventListener("click", () => selection.toggle(row.id))
    this.frame = null
    this.tell(row)
  }

  tell(row) {
    this.row = row
    this.root.dataset.state = row.state
    this.root.classList.toggle("front", row.front)
    const word = row.state === "done" ? number(row.values[row.main] ?? null) : row.state === "failed" ? "failed" : "…"
    const text = row.picked ? row.title : word
    if (this.said.textContent !== text) this.said.textContent = text
    this.root.title = row.title
    this.root.setAttribute("aria-label", `${row.title}: ${row.state === "done" ? word : row.state === "failed" ? "failed" : "to come"}`)
  }

  draw(film, frame) {
    if (this.frame === frame) return
    this.frame = frame
    this.root.dataset.frame = frame
    film.scene.pixels(TILE).draw(this.canvas, film.stimulus, frame * film.scene.nColumns)
  }
}

class FilmGrid {
  /** `films` are those that are there, by id; `ask` is called with the ids of films that are wanted. */
  constructor(selection, clock, films, ask) {
    Object.assign(this, {selection, clock, films, ask, tiles: new Map(), wanted: new Set(), asked: new Set()})
    this.tray = element("div", {class: "tiles", role: "group", "aria-label": "Films of all runs"})
    this.root = element("section", {class: "card", "aria-label": "Films", "data-testid": "sweep-films"}, this.tray)
    this.sight = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const tile = this.tiles.get(target.dataset.row)
        if (tile) tile.visible = isIntersecting
      }
      this.want()
      this.draw()
    }, {rootMargin: "100px"})
    selection.listeners.push(() => this.mark())
    clock.listeners.add(() => this.draw())
  }

  show(rows) {
    const there = new Set(rows.map(({id}) => id))
    for (const [id, tile] of this.tiles) {
      if (there.has(id)) continue
      this.sight.unobserve(tile.root)
      tile.root.remove()
      this.tiles.delete(id)
    }
    this.coming = rows.filter((row) => {
      this.tiles.get(row.id)?.tell(row)
      return !this.tiles.has(row.id)
    })
    this.build()
    this.want()
  }

  /** Make tiles, some between two frames: many at once would make the page wait. */
  build() {
    cancelAnimationFrame(this.building)
    for (const row of this.coming.splice(0, BUILT_AT_ONCE)) {
      const tile = new Tile(row, this.selection)
      this.tiles.set(row.id, tile)
      this.tray.append(tile.root)
      this.sight.observe(tile.root)
    }
    this.mark()
    if (this.coming.length) this.building = requestAnimationFrame(() => this.build())
  }

  /** Ask for the films of tiles in sight that are not there. */
  want() {
    clearTimeout(this.wanting)
    this.wanting = setTimeout(() => {
      const missing = [...this.tiles.values()].filter(({visible, row}) =>
        visible && row.state === "done" && !this.films.has(row.id) && !this.asked.has(row.id)).map(({row}) => row.id)
      const now = missing.slice(0, AT_ONCE)
      for (const id of now) this.asked.add(id)
      if (now.length) this.ask(now)
      if (missing.length > now.length) this.want()
    }, 60)
  }

  mark() {
    for (const [id, {root}] of this.tiles) root.setAttribute("aria-pressed", String(this.selection.has(id)))
  }

  /** Forget films: another sweep has the same places. */
  clear() {
    for (const tile of this.tiles.values()) {
      this.sight.unobserve(tile.root)
      tile.root.remove()
    }
    this.tiles.clear()
    this.asked.clear()
  }

  draw() {
    const moving = this.clock.playing || this.clock.at !== this.clock.span[0]
    for (const [id, tile] of this.tiles) {
      const film = tile.visible ? this.films.get(id) : null
      if (film) tile.draw(film, moving ? this.clock.frame(film) : film.still)
    }
  }

  destroy() {
    cancelAnimationFrame(this.building)
    clearTimeout(this.wanting)
    this.sight.disconnect()
  }
}
