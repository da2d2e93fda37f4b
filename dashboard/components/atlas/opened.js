// One cell type in all networks: its movies large and in step, a tile for each network, and how alike they are.

const WIDEST_PLAYER = 420
const GROUP_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

const groupLetter = (group) => group < 0 ? "" : GROUP_LETTERS[group % GROUP_LETTERS.length]

/** Players as large as there is room for. */
class LargePlayers extends Players {
  fit(room) {
    const n = this.players.length
    const side = n === 1 ? 1 : n <= 4 ? 2 : 3
    return clamp(Math.floor((room - 14 * (side - 1)) / side), 110, WIDEST_PLAYER)
  }
}

class OpenedType {
  /** `send` tells the server what is wanted; `plays` is called with the networks that somebody lets play. */
  constructor(send, plays) {
    Object.assign(this, {send, plays, films: new Map(), asked: new Set(), tiles: [], chosen: [], type: -1})
    this.clock = new Clock()
    this.players = new LargePlayers(this.clock, (id) => this.actions(id))
    this.title = element("h2", {"data-testid": "atlas-opened"}, "One cell type in all networks")
    this.said = element("p", {class: "quiet", role: "status"}, "Click a cell type to see its movie, and that of every network.")
    this.tray = element("div", {class: "tiles", role: "group", "aria-label": "This cell type in all networks"})
    this.matrix = element("div", {class: "matrix-room", tabindex: 0, role: "region", "aria-label": "Likeness of the networks' answers"})
    this.parts = element("div", {class: "parts", hidden: ""}, this.players.controls, this.players.root,
      element("h3", {}, "In all networks"), element("p", "small quiet", `Click up to ${MOST_PLAYERS} to play them in step; letters say which answers are one.`), this.tray,
      element("h3", {}, "How alike"), this.matrix)
    this.root = element("section", {class: "card opened", "aria-label": "One cell type in all networks", tabindex: -1}, this.title, this.said, this.parts)
  }

  actions(id) {
    const use = element("button", {type: "button", class: "text-button", "data-testid": "use-question"}, "Use this question")
    use.addEventListener("click", () => this.send({use: id}))
    return [use]
  }

  /** Say what there is: what all tiles are told of. */
  build(about) {
    this.about = about
    this.tiles = about.networks.map((name, j) => new AtlasTile(`network-${j}`, () => this.toggle(j)))
    this.tray.replaceChildren(...this.tiles.map(({root}) => root))
  }

  /** Open a cell type, or none: with its movies in the networks that are `playing`, or in `network` alone. */
  open(type, network, playing) {
    this.type = type
    this.parts.hidden = type < 0
    if (type < 0) {
      this.clock.play(false)
      return
    }
    const told = this.about.types[type]
    this.title.textContent = told.name
    const likeness = told.likeness_mean === null ? "" : `; likeness ${number(told.likeness_mean, 2)} on average, ${number(told.likeness_least, 2)} at least`
    const words = answersInWords(told, this.about.networks.length)
    this.said.textContent = `${words[0].toUpperCase()}${words.slice(1)}${likeness}.`
    this.chosen = playing.length ? [...playing] : [network]
    this.starts = true
    this.matrix.replaceChildren()
    this.follow()
  }

  toggle(network) {
    const {chosen} = this
    if (chosen.includes(network)) this.chosen = chosen.length > 1 ? chosen.filter((one) => one !== network) : chosen
    else this.chosen = [...chosen, network].slice(-MOST_PLAYERS)
    this.plays([...this.chosen])
    this.follow()
  }

  id(network) {
    return `${this.type}:${network}`
  }

  /** Show the movies that are chosen, and ask for those that are not there. */
  follow() {
    this.tiles.forEach((tile, j) => tile.press(this.chosen.includes(j)))
    const missing = this.chosen.map((j) => this.id(j)).filter((id) => !this.films.has(id) && !this.asked.has(id))
    for (const id of missing) this.asked.add(id)
    if (missing.length) this.send({films: missing})
    const {about, type} = this
    const shown = this.chosen.filter((j) => this.films.has(this.id(j)))
    const films = shown.map((j) => ({film: this.films.get(this.id(j)), title: `${about.types[type].name} in ${about.networks[j]}`}))
    this.clock.take(films.map(({film}) => film))
    this.players.show(films)
    if (films.length && this.starts) {
      this.starts = false
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.clock.play(true)
    }
  }

  take(films) {
    for (const [id, film] of films) this.films.set(id, film)
    if (this.type >= 0) this.follow()
  }

  /** Draw the tiles of all networks and the matrix of the cell type that is open. */
  draw(scene, ink) {
    const {about, type} = this
    const told = about.types[type]
    const names = shortNames(about.networks)
    this.tiles.forEach((tile, j) => {
      const letter = about.group[type][j] < 0 ? "" : groupLetter(about.group[type][j])
      const several = told.groups.length > 1 ? letter : ""
      tile.tell(names[j], several, `${told.name} in ${about.networks[j]}${several ? `: answer ${several}` : letter ? "" : ": no answer yet"}`)
      tile.draw(scene, j, ink)
    })
    this.matrix.replaceChildren(matrixTable(about.networks, scene.alike, told.name))
  }

  redraw(scene, ink) {
    this.players.draw()
    if (scene) this.tiles.forEach((tile, j) => tile.draw(scene, j, ink))
  }

  destroy() {
    this.players.destroy()
  }
}

/** Return names without what stands before the last slash, where that tells them apart. */
function shortNames(names) {
  const short = names.map((name) => name.split("/").at(-1))
  return new Set(short).size === names.length ? short : names
}

/** Return how alike each two are, as a table whose cells are the fuller the more alike they are. */
function matrixTable(names, alike, title) {
  const short = shortNames(names)
  const n = names.length
  const head = element("tr", {}, element("td"), ...names.map((name, j) => element("th", {scope: "col", title: name}, short[j])))
  const rows = names.map((name, i) => element("tr", {}, element("th", {scope: "row", title: name}, short[i]),
    ...names.map((_, j) => {
      const value = alike[i * n + j]
      const cell = element("td", {class: "alike"}, Number.isFinite(value) ? number(value, 2) : "–")
      cell.style.setProperty("--alike", `${Math.round(45 * clamp(Number.isFinite(value) ? value : 0, 0, 1))}%`)
      return cell
    })))
  return element("table", {class: n > 6 ? "matrix many" : "matrix", "aria-label": `Likeness of the answers for ${title}`, "data-testid": "atlas-matrix"},
    element("thead", {}, head), element("tbody", {}, ...rows))
}
