// Tiles of answers: a frame of the movie as hexagons, the response beneath it, and what they are called.

const TILE_WIDTH = 84 // pixels
const TRACE_HEIGHT = 22
const DRAWN_AT_ONCE = 16 // tiles between two frames: all at once would make the page wait

/** Return the columns of a block of tiles, and its pictures at one size, which all tiles share. */
function unpackTiles(block) {
  const scene = placeColumns(unpack(block))
  let pixels = null
  scene.pixels = () => (pixels ??= new EyePixels(scene, TILE_WIDTH))
  scene.nFrames = scene.central.length / scene.there.length
  return scene
}

class AtlasTile {
  /** `pressed` is called when a person clicks the tile. */
  constructor(id, pressed) {
    this.picture = element("canvas", {"aria-hidden": "true"})
    this.trace = element("canvas", {"aria-hidden": "true"})
    this.name = element("span", "tile-name")
    this.badge = element("span", "badge")
    this.root = element("button", {type: "button", class: "atlas-tile", "aria-pressed": "false", "data-tile": id},
      this.picture, this.trace, element("span", "tile-words", this.name, this.badge))
    this.root.addEventListener("click", pressed)
  }

  /** Say what it is called, what stands beside that, and all of it in words. */
  tell(name, badge, words) {
    this.name.textContent = name
    this.badge.dataset.text = badge // drawn by its style: the words say it, too
    this.badge.hidden = !badge
    this.root.title = words
    this.root.setAttribute("aria-label", words)
  }

  press(isPressed) {
    this.root.setAttribute("aria-pressed", String(isPressed))
  }

  /** Draw tile number `k` of unpacked tiles. */
  draw(scene, k, ink) {
    Object.assign(this, {scene, k})
    this.root.dataset.state = scene.there[k] ? "done" : "missing"
    this.root.disabled = !scene.there[k]
    if (!scene.there[k]) {
      delete this.root.dataset.drawn
      for (const canvas of [this.picture, this.trace]) canvas.width = canvas.height = 0
      return
    }
    scene.pixels().draw(this.picture, scene.still, k * scene.nColumns)
    const {nFrames} = scene
    const values = scene.central.subarray(k * nFrames, (k + 1) * nFrames)
    const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity])
    const context = sized(this.trace, TILE_WIDTH, TRACE_HEIGHT)
    context.clearRect(0, 0, TILE_WIDTH, TRACE_HEIGHT)
    context.lineWidth = 1.2
    stroke(context, ink, Array.from(values, (value, frame) =>
      [2 + frame / Math.max(1, nFrames - 1) * (TILE_WIDTH - 4), 2 + (high - value) / (high - low || 1) * (TRACE_HEIGHT - 4)]))
    this.root.dataset.drawn = scene.number
  }
}

/** Return how many answers a cell type has, in words. */
function answersInWords({groups}, nNetworks) {
  if (!groups.length) return "no answer yet"
  const all = groups.reduce((sum, size) => sum + size, 0)
  const where = all === nNetworks ? "in all networks" : `in ${all} of ${nNetworks} networks`
  return groups.length === 1 ? `one answer ${where}` : `${groups.length} answers ${where}: ${groups.join(" + ")} networks`
}

/** The tiles of all cell types in one network. */
class NetworkTiles {
  /** `open` is called with the number of a cell type that a person clicks. */
  constructor(open) {
    Object.assign(this, {open, tiles: []})
    this.tray = element("div", {class: "families", "data-testid": "atlas-tiles"})
    this.title = element("h2")
    this.root = element("section", {class: "card", "aria-label": "All cell types of one network"}, this.title, this.tray)
  }

  /** Make a tile for each cell type. */
  build({types, networks}) {
    this.types = types
    this.tiles = types.map((type, k) => {
      const tile = new AtlasTile(type.name, () => this.open(k))
      const {name, groups, likeness_mean: mean} = type
      const alike = mean === null ? "" : `, likeness ${number(mean, 2)}`
      tile.tell(name, groups.length > 1 ? String(groups.length) : "", `${name}: ${answersInWords(type, networks.length)}${alike}`)
      return tile
    })
  }

  /** Put the tiles in order: families with their titles, or one beside the other as they are alike. */
  arrange(order, place) {
    const numbers = this.numbers = this.types.map((_, k) => k)
    const row = (members, title) => element("div", {class: "tiles", role: "group", "aria-label": title}, ...members.map((k) => this.tiles[k].root))
    if (order === "likeness") {
      numbers.sort((a, b) => place[a] - place[b])
      this.tray.replaceChildren(row(numbers, "Cell types by likeness"))
      return
    }
    numbers.sort((a, b) => this.types[a].rank - this.types[b].rank)
    const families = groupedBy(numbers, (k) => this.types[k].family)
    this.tray.replaceChildren(...[...families].map(([family, members]) =>
      element("div", "family", element("h3", {}, family), row(members, family))))
  }

  draw(scene, ink, name) {
    this.title.textContent = `All cell types in ${name}`
    cancelAnimationFrame(this.turn)
    const waiting = [...this.numbers]
    const some = () => {
      for (const k of waiting.splice(0, DRAWN_AT_ONCE)) this.tiles[k].draw(scene, k, ink)
      if (waiting.length) this.turn = requestAnimationFrame(some)
    }
    some()
  }

  destroy() {
    cancelAnimationFrame(this.turn)
  }

  mark(cellType) {
    this.tiles.forEach((tile, k) => tile.press(k === cellType))
  }
}

function groupedBy(items, key) {
  const groups = new Map()
  for (const item of items) groups.set(key(item), [...groups.get(key(item)) ?? [], item])
  return groups
}
