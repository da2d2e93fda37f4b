// The browser's half of SweepPanel: films, players, plots and table of many answers, with one selection.

const HOW = "Click the names of numbers on the left to let them vary, say how far, and start. Films fill in as answers come."

const dayAndTime = (seconds) =>
  new Date(1000 * seconds).toLocaleString("en-GB", {day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit"}).replace(",", "")

/** What the sweep is, how it stands, and what can be done with it. */
class SweepHead {
  constructor(model) {
    const send = (said) => model.send_msg(said)
    const press = (label, name) => {
      const button = element("button", {type: "button", class: "button"}, label)
      button.addEventListener("click", () => send({press: name}))
      return button
    }
    this.model = model
    this.title = element("h1")
    this.said = element("p", {class: "quiet", role: "status", "data-testid": "sweep-state"})
    this.bar = element("i")
    this.progress = element("div", {class: "progress", role: "progressbar", "aria-label": "Progress of the sweep"}, this.bar)
    this.cancel = press("Cancel", "cancel")
    this.goOn = press("Go on", "go on")
    this.save = press("Take home (NetCDF)", "save")
    this.sweeps = new Chooser("Open a sweep…", (key) => send({open: key}))
    this.stored = new Chooser("Add a stored run…", (key) => send({add: key}))
    this.root = element("section", {class: "card", "aria-label": "Sweep"},
      element("div", "bar", this.title, press("Back to the answer", "back")),
      this.said, this.progress,
      element("div", "bar", this.sweeps.select, this.stored.select, this.cancel, this.goOn, this.save))
  }

  show() {
    const {state: {state = "none", said = "", done = 0, total = 0, mine}, sweeps, stored} = this.model
    this.root.dataset.state = state
    const live = ["starting", "queued", "running"].includes(state)
    this.title.textContent = this.name ? `Sweep of ${this.name}` : "Sweep"
    const text = state === "none" ? HOW : said
    if (this.said.textContent !== text) this.said.textContent = text
    this.progress.hidden = !live
    this.bar.style.width = `${total ? 100 * done / total : 0}%`
    this.progress.setAttribute("aria-valuenow", String(total ? Math.round(100 * done / total) : 0))
    this.cancel.hidden = !(live && mine)
    this.goOn.hidden = !["stopped", "failed"].includes(state)
    this.save.hidden = !done
    if (sweeps !== this.told) {
      this.told = sweeps
      this.sweeps.offer(sweeps.map(({key, label, begun}) => ({key, label: begun ? `${label}, ${dayAndTime(begun)}` : label})))
    }
    this.stored.offer(stored)
  }
}

class SweepView {
  constructor(model) {
    this.model = model
    this.films = new Map()
    this.selection = new Selection()
    this.clock = new Clock()
    const send = (said) => model.send_msg(said)
    this.head = new SweepHead(model)
    this.grid = new FilmGrid(this.selection, this.clock, this.films, (films) => send({films}))
    this.players = new Players(this.clock, (id) => this.actions(id))
    this.parallel = new ParallelPlot(this.selection)
    this.scatter = new ScatterPlot(this.selection)
    this.table = new RunTable(this.selection, send)
    this.told = element("span", {class: "small quiet", role: "status", "data-testid": "selected"})
    this.used = element("p", {class: "small used", role: "status", "data-testid": "settings-used"})
    const choose = (label, ids) => {
      const button = element("button", {type: "button", class: "text-button"}, label)
      button.addEventListener("click", () => this.selection.set(ids()))
      return button
    }
    const front = choose("Select the Pareto front", () => this.rows.filter((row) => row.front).map(({id}) => id))
    const none = choose("Select none", () => [])
    this.grid.root.prepend(element("div", "bar", element("h2", {}, "Films"), this.players.controls))
    this.compared = element("section", {class: "card", "aria-label": "Side by side"},
      element("div", "bar", element("h2", {}, "Side by side"), this.told, front, none), this.players.root, this.used)
    const plot = (title, plotted, ...more) => element("section", {class: "card", "aria-label": title},
      element("div", "bar", element("h2", {}, title), ...more), plotted.root)
    this.parts = element("div", "parts", this.grid.root, this.compared,
      element("div", "plots", plot("Parallel coordinates", this.parallel), plot("Goals", this.scatter, ...this.scatter.selects)),
      this.table.root)
    this.root = element("div", {class: "sweep-view", "data-testid": "sweep-view"}, this.head.root, this.parts)
    this.selection.listeners.push(() => this.compare())
    this.rows = []
    this.tellUsed()
    this.refresh()
  }

  actions(id) {
    const row = this.rows.find((one) => one.id === id)
    const use = element("button", {type: "button", class: "text-button"}, "Use these settings")
    use.addEventListener("click", () => this.model.send_msg({use: id}))
    use.hidden = !row?.usable
    const out = element("button", {type: "button", class: "text-button"}, "Take out")
    out.addEventListener("click", () => this.selection.toggle(id))
    return [use, out]
  }

  /** Say whose settings stand on the left, once they have been taken from here. */
  tellUsed() {
    const {used = ""} = this.model.state
    if (this.used.textContent !== used) this.used.textContent = used
    this.used.hidden = !used
  }

  refresh() {
    const {key, title = "", columns = [], rows = []} = JSON.parse(this.model.table)
    this.head.name = title
    if (key !== this.key) {
      this.key = key
      const kept = new Set(rows.filter(({picked}) => picked).map(({id}) => id))
      for (const id of [...this.films.keys()]) if (!kept.has(id)) this.films.delete(id)
      this.grid.clear()
    }
    const main = columns.findIndex(({kind}) => kind === "goal")
    this.rows = rows.map((row, place) => ({...row, place, main}))
    this.parts.hidden = !rows.length
    this.selection.keep(rows.map(({id}) => id))
    this.head.show()
    this.inTurn([
      () => this.grid.show(this.rows),
      () => this.table.show(columns, this.rows),
      () => this.parallel.show(columns, this.rows),
      () => this.scatter.show(columns, this.rows),
      () => this.compare(),
    ])
  }

  /** Do one thing after the other, each in a frame of its own: all at once would make the page wait. */
  inTurn(things) {
    cancelAnimationFrame(this.turn)
    const next = () => {
      things.shift()()
      if (things.length) this.turn = requestAnimationFrame(next)
    }
    next()
  }

  take(block) {
    for (const [id, film] of unpackFilms(block)) this.films.set(id, film)
    this.clock.take([...this.films.values()])
    this.grid.draw()
    this.compare()
  }

  /** Show what is selected side by side, and ask for films that are not there. */
  compare() {
    const chosen = this.rows.filter((row) => this.selection.has(row.id))
    const shown = chosen.filter(({state}) => state === "done").slice(0, MOST_PLAYERS)
    const missing = shown.filter(({id}) => !this.films.has(id) && !this.grid.asked.has(id)).map(({id}) => id)
    for (const id of missing) this.grid.asked.add(id)
    if (missing.length) this.model.send_msg({films: missing})
    const more = chosen.length > shown.length ? `; the first ${shown.length} are shown` : ""
    const text = chosen.length ? `${chosen.length} selected${more}`
      : `Select 2 to ${MOST_PLAYERS}: click films or rows, or drag over the plots.`
    if (this.told.textContent !== text) this.told.textContent = text
    this.players.show(shown.filter(({id}) => this.films.has(id)).map(({id, title}) => ({film: this.films.get(id), title})))
  }

  redraw() {
    for (const part of [this.parallel, this.scatter, this.players]) part.draw()
  }

  destroy() {
    cancelAnimationFrame(this.turn)
    for (const part of [this.grid, this.players]) part.destroy()
  }
}

export function render({model}) {
  model.drawn = true // else the first message would describe the whole model to the server, which has it
  const view = new SweepView(model)
  const watched = {
    table: () => view.refresh(),
    state: () => {
      view.head.show()
      view.tellUsed()
    },
    sweeps: () => view.head.show(),
    stored: () => view.head.show(),
    dark: () => requestAnimationFrame(() => view.redraw()),
  }
  for (const [name, heard] of Object.entries(watched)) model.on(name, heard)
  model.on("msg:custom", (message) => {
    const told = message.data?.name || message.data?.films ? message.data : message
    if (told.films) view.take(told.films)
    else saveFile(told)
  })
  model.on("remove", () => view.destroy())
  return view.root
}
