// The browser's half of ComparePanel: pinned answers in step, overlaid, subtracted, and in tables.

const HOW_TO_PIN = "Pin two to six answers: by Pin above an answer, by the pin beside a run in the list, or here."
const UNITS = {
  voltage: ["Voltage (a.u.)", "voltage (a.u.)"],
  above: ["Voltage above grey (a.u.)", "above grey (a.u.)"],
  rms: ["Voltage above grey (RMS)", "above grey (RMS)"],
}

/** The central traces of all answers in one plot, by the clock of the players. */
class OverlaidTraces {
  constructor(clock, hue) {
    Object.assign(this, {clock, hue, shown: []})
    this.plot = new Plot({label: "Voltage of the central cells, overlaid", height: 230, xLabel: "Time (ms)", yLabel: UNITS.voltage[0]})
    this.unit = element("select", {"aria-label": "Unit of the traces"},
      ...Object.entries(UNITS).map(([value, [, words]]) => element("option", {value}, words)))
    this.unit.addEventListener("change", () => this.draw())
    this.note = element("p", "small quiet")
    this.root = element("section", {class: "card", "aria-label": "Central cells, overlaid"},
      element("div", "bar", element("h2", {}, "Central cells, overlaid"), this.unit), this.plot.root, this.note)
    clock.listeners.add(() => this.tick())
  }

  show(shown) {
    this.shown = shown
    this.draw()
  }

  tick() {
    if (this.mode !== this.clock.mode) return this.draw()
    this.plot.marks = [1000 * this.clock.at]
    this.plot.draw()
  }

  draw() {
    const {clock, shown, unit: {value: unit}} = this
    this.mode = clock.mode
    const told = shown.filter(({rms}) => unit !== "rms" || rms)
    const lines = told.map(({film: {central, dt, peak}, letter, title, place, baseline, rms}) => {
      const first = clock.mode === "time" ? 0 : peak
      const [base, scale] = unit === "voltage" ? [0, 1] : [baseline, unit === "rms" ? rms : 1]
      return {name: `${letter} ${title}`, color: this.hue(place), width: 2, dash: place > 2 ? [6, 3] : [],
        x: Array.from(central, (_, k) => 1000 * (k - first) * dt), y: Array.from(central, (value) => (value - base) / scale)}
    })
    Object.assign(this.plot, {yLabel: UNITS[unit][0], xLabel: clock.mode === "time" ? "Time (ms)" : "Time from the peak (ms)"})
    this.plot.show(lines, {marks: [1000 * clock.at], unit: "ms", words: (x) => String(Math.round(x)).replace("-", "−")})
    const missing = shown.length - told.length
    this.note.textContent = missing ? `Of ${missing} the RMS over natural clips is not known.` : ""
    this.note.hidden = !missing
  }
}

/** The controls of all answers: a table, and two curves each; and a way to those that are not there yet. */
class OverlaidControls {
  constructor(hue, send) {
    this.hue = hue
    const press = (words, pressed) => {
      const button = element("button", {type: "button", class: "button"}, words)
      button.addEventListener("click", () => send({press: pressed}))
      return button
    }
    this.ask = press("Compute what is missing", "controls")
    this.stop = press("Cancel", "no controls")
    this.absent = element("ul", {class: "absent", "data-testid": "missing-controls"})
    this.plots = {
      contrast: new Plot({label: "Response to each answer with its contrast changed", height: 170, xLabel: "factor of the contrast"}),
      shift: new Plot({label: "Response to each answer moved aside", height: 170, xLabel: "columns of shift"}),
    }
    this.body = element("div", "inside")
    this.root = element("section", {class: "card", "aria-label": "Controls, overlaid", "data-testid": "compared-controls"},
      element("div", "bar", element("h2", {}, "Controls, overlaid"), this.ask, this.stop), element("div", {role: "status"}, this.absent), this.body)
  }

  show(controls, pins) {
    this.tellMissing(controls.missing, pins)
    const plots = Object.entries(this.plots).map(([kind, plot]) => {
      const lines = controls[kind].map(({id, x, y}) => {
        const {letter, title, place} = pins.find((pin) => pin.id === id)
        return {name: `${letter} ${title}`, x, y: y.map((value) => value ?? NaN), width: 2, color: this.hue(place)}
      })
      plot.show(lines, {words: (at) => tickText(at), marks: kind === "contrast" ? [1] : []})
      return lines.length ? [element("div", {}, element("h3", {}, `${plot.canvas.getAttribute("aria-label")} (RMS)`), plot.root)] : []
    })
    this.body.replaceChildren(...(controls.rows.length ? [controlsTableOf(controls, pins, this.hue), element("div", "two", ...plots.flat())] : []))
  }

  /** Say of which answers there are no controls yet, and how they stand. */
  tellMissing(missing, pins) {
    const letterOf = (wanted) => pins.find(({id}) => id === wanted).letter
    const words = {none: "No controls have been computed yet.", going: "Being computed.", failed: "", never: ""}
    const lines = missing.map(({id, state, said}) => element("li", {"data-state": state},
      element("b", {}, letterOf(id)), ` ${[words[state], said].filter(Boolean).join(" ")}`))
    this.absent.replaceChildren(...lines)
    this.absent.hidden = !lines.length
    this.ask.hidden = !missing.some(({state}) => state === "none" || state === "failed")
    this.stop.hidden = !missing.some(({state}) => state === "going")
  }

  draw() {
    for (const plot of Object.values(this.plots)) plot.draw()
  }
}

class CompareView {
  constructor(model) {
    this.model = model
    const send = (said) => model.send_msg(said)
    const hue = (place) => placeHues(model.dark)[place]
    this.hue = hue
    this.films = new Map()
    this.asked = new Set()
    this.clock = new Clock()
    const table = model.esm_constants.diverging
    this.scale = new DivergingScale(table)
    this.difference = new StimulusDifference(this.clock, table)
    this.players = new PinnedPlayers(this.clock, (id) => this.actions(id), this.scale, hue, this.difference)
    this.legend = new ScaleLegend("Above the stimulus, luminance from 0 (black) to 1 (white); below the response, one scale for all: voltage", this.scale)
    this.traces = new OverlaidTraces(this.clock, hue)
    this.controls = new OverlaidControls(hue, send)
    this.stored = new Chooser("Pin a stored answer…", (key) => send({toggle: key}))
    this.pins = element("ul", {class: "pins", "aria-label": "Pinned answers", "data-testid": "pins"})
    this.how = element("p", "quiet", HOW_TO_PIN)
    this.table = element("section", {class: "card", "aria-label": "What differs"})
    this.steps = element("section", {class: "card steps", "aria-label": "In step"}, this.players.controls)
    this.together = element("section", {class: "card", "aria-label": "Side by side"}, this.legend.root, this.players.root)
    this.parts = [this.steps, this.together, this.traces.root, this.table, this.controls.root]
    this.root = element("div", {class: "compare-view", "data-testid": "compare-view"},
      element("section", {class: "card", "aria-label": "Compare"},
        element("div", "bar", element("h1", {}, "Compare"), this.stored.select), this.how, this.pins),
      ...this.parts)
    this.abort = new AbortController()
    document.addEventListener("keydown", (event) => this.key(event), {signal: this.abort.signal})
    this.refresh()
  }

  /** Space plays, arrows step: wherever a key has no other use on the page, while this view is open. */
  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || !this.players.row.clientWidth) return
    if (event.composedPath().some((node) => node.matches?.("input, textarea, select, button, summary, dialog, [contenteditable], [role=dialog]"))) return
    const {clock} = this
    if (!clock.films.length) return
    const step = Math.min(...clock.films.map(({dt}) => dt))
    const [low, high] = clock.span
    const to = {ArrowLeft: clock.at - step, ArrowRight: clock.at + step, Home: low, End: high - step}[event.key]
    if (event.key === " ") clock.play(!clock.playing)
    else if (to !== undefined) {
      clock.play(false)
      clock.set({at: clamp(to, low, high - step)})
    } else return
    event.preventDefault()
  }

  actions(id) {
    const open = element("button", {type: "button", class: "text-button"}, "Open")
    open.addEventListener("click", () => this.model.send_msg({open: id}))
    return [open]
  }

  /** Return an entry of the list of pins: its letter, what it is, how it stands, and a way out. */
  entry({id, title, detail, state, said, letter, place}) {
    const out = element("button", {type: "button", class: "out", "aria-label": `Take out ${letter} ${title}`, title: "Take out"}, icon(CLOSE))
    out.addEventListener("click", () => this.model.send_msg({toggle: id}))
    const dot = element("i", {class: "dot", "aria-hidden": "true"})
    dot.style.background = this.hue(place)
    const words = element("span", {}, element("b", {}, `${letter} ${state === "gone" ? "" : title}`), detail ? ` ${detail}` : "")
    if (said) words.append(element("span", {class: state === "gone" ? "gone" : "quiet", role: state === "gone" ? "alert" : "status"}, ` ${said}`))
    return element("li", {"data-pin": id, "data-state": state}, dot, words, out)
  }

  refresh() {
    const {pins = [], table, controls} = JSON.parse(this.model.told)
    this.all = pins.map((pin, place) => ({...pin, place, letter: LETTERS[place]}))
    const there = this.all.filter(({state}) => state === "there")
    this.how.hidden = pins.length > 1
    this.pins.hidden = !pins.length
    const focused = this.pins.querySelector(":focus") !== null
    this.pins.replaceChildren(...this.all.map((pin) => this.entry(pin)))
    if (focused) this.pins.querySelector("button")?.focus({preventScroll: true})
    const missing = there.map(({id}) => id).filter((id) => !this.films.has(id) && !this.asked.has(id))
    for (const id of missing) this.asked.add(id)
    if (missing.length) this.model.send_msg({films: missing})
    for (const part of this.parts) part.hidden = !there.length
    if (!there.length) {
      this.clock.play(false)
      return
    }
    this.table.replaceChildren(element("h2", {}, "What differs"), ...differenceTable(table, there, this.hue))
    this.controls.show(controls, there)
    this.compare()
  }

  take(block) {
    for (const [id, film] of unpackFilms(block)) this.films.set(id, film)
    this.compare()
  }

  /** Let play what is there by now. */
  compare() {
    const shown = this.all.filter(({id, state}) => state === "there" && this.films.has(id))
      .map((pin) => ({...pin, film: this.films.get(pin.id)}))
    this.clock.take(shown.map(({film}) => film))
    this.difference.show(shown)
    this.players.show(shown.map(({film, title, letter, place}) => ({film, place, title: `${letter} ${title}`})))
    this.legend.tell(" a.u.")
    this.traces.show(shown)
  }

  /** Draw all again, in the colors of another theme. */
  redraw() {
    this.refresh()
    this.players.draw()
    this.controls.draw()
  }

  destroy() {
    this.abort.abort()
    this.players.destroy()
  }
}

export function render({model}) {
  model.drawn = true // else the first message would describe the whole model to the server, which has it
  const view = new CompareView(model)
  const offer = () => view.stored.offer(model.stored)
  offer()
  model.on("told", () => view.refresh())
  model.on("stored", offer)
  model.on("dark", () => requestAnimationFrame(() => view.redraw()))
  model.on("msg:custom", (message) => {
    const told = message.data?.film ? message.data : message
    if (told.film) view.take(told.film)
  })
  model.on("remove", () => view.destroy())
  return view.root
}
