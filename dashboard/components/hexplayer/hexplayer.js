// The browser's half of HexPlayer: decodes the frames, draws them on canvas and runs the transport.
// Nothing here writes to the model, so playing, scrubbing and hovering send no message to the server.
// Another part of the page can have a movie shown instead of the answer, by the event "maxstim-movie" of
// the document: arrays as in a scene, a title and perhaps the central trace; null brings the answer back.
// Whatever moves in step hears "maxstim-frame", and moves it by "maxstim-jump"; null there asks where it is.
// Where it shows something else than the rest of the page tells of, "maxstim-apart" says what, or nothing.

const SPEEDS = [[1 / 20, "1/20"], [1 / 10, "1/10"], [1 / 6, "1/6"], [1 / 3, "1/3"], [1, "real time"]]
const USUAL_SPEED = 2 // one sixth: a clip of 0.8 s lasts about five seconds
const FIGURE_RINGS = 6 // as in flyvis's figures
const BAR_WIDTH = 58 // of a color bar with its numbers, as in the stylesheet
// What has a use of its own for the keys, anywhere on the page, or is before everything else.
const OTHER_KEYS = [
  "input", "textarea", "select", "[contenteditable]", "[popover]", ".MuiModal-root",
  ...["dialog", "menu", "listbox", "combobox", "slider", "spinbutton", "tab", "radio"].map(
    (role) => `[role=${role}]`),
].join()
const TRACE = {height: 158, left: 50, right: 12, top: 8, bottom: 44, ribbon: 8}
const BESIDES = TRACE.height + 104 // height of a player down to its play button, but for the maps
const LOWEST_MAP = 220
const ICONS = {
  first: "M6 5h2v14H6zM19 5v14L9 12z",
  back: "M16 5v14L6 12z",
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  forward: "M8 5v14l10-7z",
  last: "M16 5h2v14h-2zM5 5v14l10-7z",
}

const players = new WeakMap()

export function render({model, el}) {
  // Panel may render again into the same element; whatever was there must let go of its listeners.
  players.get(el)?.destroy()
  const player = new Player(model)
  players.set(el, player)
  model.on("remove", () => player.destroy())
  return element("div", "card", player.root)
}

// ---- data ---------------------------------------------------------------------------------------

/** Add to a decoded block what the player needs: the eye, the number of frames, the origin of time. */
function prepare(scene) {
  placeColumns(scene)
  scene.nFrames = scene.stimulus.length / scene.nColumns
  if (scene.stimulus instanceof Uint8Array) {
    scene.stimulus = Float32Array.from(scene.stimulus, (level) => level / 255)
  }
  const none = -32768
  const whole = (values, unit) => values instanceof Int16Array
    ? Float32Array.from(values, (n) => (n === none ? NaN : n * unit)) : values
  scene.stimulus = whole(scene.stimulus, scene.level)
  scene.response = whole(scene.response, scene.unit)
  scene.peak = scene.peak ?? 0
  scene.origin = scene.live || scene.lent ? 0 : scene.peak
  return scene
}

/** Return voltages as they are, or as their change since the first frame. */
function relativeTo(values, width, relative) {
  if (!values || !relative) return values
  return values.map((value, i) => value - values[i % width])
}

function largest(values) {
  let top = 0
  for (const value of values) if (Number.isFinite(value)) top = Math.max(top, Math.abs(value))
  return top
}

const MOST_ITERATES = 60

/** The iterates of one run that have come by, kept sparsely: evenly over its iterations. */
class Iterates {
  constructor() {
    this.forget("")
  }

  forget(run) {
    this.run = run
    this.blocks = new Map() // packed, by iteration, in rising order
    this.chosen = null // the iteration on show; null for the newest, or the answer
    this.answer = null // what the run has ended with
  }

  /** Take what has come: an iterate of a run, or an answer, which ends the view of other runs. */
  take(scene, block) {
    const run = scene?.run ?? ""
    if (run !== this.run) this.forget(run)
    this.answer = scene && !scene.live ? scene : null
    if (!scene?.live || scene.iteration === undefined) return
    // What is beyond was left behind by going back.
    for (const iteration of this.blocks.keys()) if (iteration >= scene.iteration) this.blocks.delete(iteration)
    this.blocks.set(scene.iteration, block)
    if (this.blocks.size > MOST_ITERATES) {
      [...this.blocks.keys()].forEach((iteration, k, all) => {
        if (k % 2 && k < all.length - 1) this.blocks.delete(iteration)
      })
    }
    if (this.chosen !== null && !this.blocks.has(this.chosen)) this.chosen = null
  }

  /** The iterations there are to look at, in rising order; at the end the newest, or what the answer shows. */
  get places() {
    const kept = [...this.blocks.keys()]
    const iteration = this.answer?.iteration // its number, or "best"; none of a clip
    return iteration === undefined ? kept : [...kept.filter((one) => one !== iteration), iteration]
  }
}

// ---- small helpers ------------------------------------------------------------------------------

function button(label, content, attributes = {}) {
  const node = element("button", {type: "button", "aria-label": label, title: label, ...attributes})
  if (content in ICONS) setIcon(node, content)
  else node.textContent = content
  return node
}

function setIcon(node, name) {
  node.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`
}

/** Move a slider; its filled part is drawn by the stylesheet, which cannot see its value. */
function setRange(input, value) {
  input.value = value
  const span = input.max - input.min
  input.style.setProperty("--done", `${span > 0 ? (100 * (input.value - input.min)) / span : 0}%`)
}

function niceStep(span, count) {
  const rough = span / Math.max(count, 1)
  const unit = 10 ** Math.floor(Math.log10(rough))
  return unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.999)
}

function ticks(low, high, count) {
  const step = niceStep(high - low, count)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({length: last - first + 1}, (_, i) => (first + i) * step)
}

// ---- one map of hexagons ------------------------------------------------------------------------

/** A canvas of hexagons with its title, its color bar and room for a note. */
class HexMap extends HexCanvas {
  constructor(title, unit, gradient) {
    super(element("canvas", {role: "img"}))
    this.title = element("b", {}, title)
    this.unit = element("span", {}, unit)
    this.ends = element("div", {class: "ends"})
    const ramp = element("div", {class: "ramp"})
    ramp.style.background = `linear-gradient(to top, ${gradient.join(",")})`
    this.note = element("div", {class: "note"})
    this.bar = element("div", {class: "bar", "aria-hidden": "true"}, ramp, this.ends)
    this.plot = element("div", {class: "plot"}, this.canvas, this.bar, this.note)
    this.root = element("figure", {class: "view"},
      element("figcaption", {}, this.title, this.unit), this.plot)
  }

  setEnds(...labels) {
    const old = [...this.ends.children].map((node) => node.textContent)
    if (old.join() === labels.join()) return
    this.ends.replaceChildren(...labels.map((label) => element("span", {}, label)))
  }

  setNote(text) {
    this.note.replaceChildren(...(text ? [element("span", {}, text)] : []))
  }
}

// ---- the player ---------------------------------------------------------------------------------

class Player {
  constructor(model) {
    this.model = model
    this.scene = null
    this.position = 0 // playhead in frames, with a fraction while playing
    this.frame = 0
    this.playing = false
    this.loop = true
    this.speed = SPEEDS[USUAL_SPEED][0]
    this.rings = null // null: all of them
    this.relative = false
    this.hovered = null
    this.table = model.esm_constants.diverging
    this.border = model.esm_constants.border
    this.degrees = model.esm_constants.degrees_per_column
    this.abort = new AbortController()
    this.build()
    this.listen()
    this.refresh()
  }

  get theme() {
    return THEMES[this.model.dark ? "dark" : "light"]
  }

  destroy() {
    this.abort.abort()
    this.observer.disconnect()
    cancelAnimationFrame(this.layoutRequest)
    for (const [name, callback] of this.watched) this.model.off(name, callback)
    this.watched = []
    this.pause()
  }

  // -- building the page, once

  build() {
    this.stimulus = new HexMap("Stimulus", "luminance", ["#000", "#fff"])
    this.response = new HexMap("Response", "voltage (a.u.)", this.table)
    this.stimulus.setEnds("1", "0.5", "0")
    this.back = button("Back to the answer", "Back to the answer", {class: "back", hidden: ""})
    this.stimulus.unit.after(this.back)
    this.heading = element("h2")
    this.legend = element("div", {class: "legend"})
    this.curves = element("canvas", {role: "img", "aria-label": "Response of the central cell"})
    this.cursor = element("canvas", {"aria-hidden": "true"})
    this.trace = element("div", {class: "trace"}, this.curves, this.cursor)
    this.tip = element("div", {class: "tip", role: "tooltip", hidden: ""})

    this.playButton = button("Play", "play", {class: "play"})
    this.buttons = {
      first: button("First frame", "first"),
      back: button("Step back", "back"),
      forward: button("Step forward", "forward"),
      last: button("Last frame", "last"),
    }
    this.slider = element("input", {
      type: "range", class: "frame", min: 0, max: 0, step: 1, value: 0, "aria-label": "Frame",
    })
    this.loopButton = button("Loop", "Loop", {"aria-pressed": "true"})
    this.loopButton.title = "Start again at the end"
    this.speedSelect = element("select", {"aria-label": "Speed", title: "Speed relative to real time"},
      ...SPEEDS.map(([, text], i) => element("option", {value: i}, text)))
    this.speedSelect.value = USUAL_SPEED
    this.ringsInput = element("input", {
      type: "range", class: "rings", min: 1, max: 1, step: 1, value: 1, "aria-label": "Rings shown",
      title: "How many rings around the centre are shown",
    })
    this.ringsOutput = element("span", {class: "count"}) // no output: that is read aloud at every step
    this.ringsFew = button(`Show ${FIGURE_RINGS} rings`, String(FIGURE_RINGS))
    this.ringsAll = button("Show all rings", "all")
    this.relativeButton = button("From baseline", "From baseline",
      {"aria-pressed": "false"})
    this.relativeButton.title = "Subtract the voltage of the first frame, which grey alone sets"
    this.readout = this.buildReadout()

    this.iterates = new Iterates()
    this.iterationSlider = element("input", {
      type: "range", class: "iteration", min: 0, max: 0, step: 1, value: 0, "aria-label": "Iteration",
      "data-testid": "iteration", title: "Look at earlier iterations of this run",
    })
    this.iterationOutput = element("span", {class: "count"})
    this.iterationRow = element("div", {class: "settings iterations", hidden: ""},
      element("span", {class: "group"}, "Iteration"), this.iterationSlider, this.iterationOutput)

    const first = element("div", {class: "transport"}, this.buttons.first, this.buttons.back,
      this.playButton, this.buttons.forward, this.buttons.last, this.slider)
    const settings = element("div", {class: "settings"},
      element("span", {class: "group"},
        element("label", {}, "Speed", this.speedSelect), this.loopButton),
      element("span", {class: "group"}, "Rings", this.ringsInput, this.ringsOutput,
        this.ringsFew, this.ringsAll),
      this.relativeButton)
    this.root = element("div", {
      class: "player", "data-testid": "player", tabindex: "0", role: "group", "aria-label": "Stimulus and response player",
      "aria-keyshortcuts": "Space ArrowLeft ArrowRight Home End + -",
      "data-frame": "0", "data-playing": "false",
    },
    element("header", {}, this.heading, element("span", {class: "spring"}),
      this.buildAbout()),
    element("div", {class: "views"}, this.stimulus.root, this.response.root),
    element("div", {class: "above"}, this.legend, this.readout), this.trace, first,
    this.iterationRow, settings, this.tip)
  }

  buildReadout() {
    this.values = {}
    const entry = (name, unit = "") => {
      this.values[name] = element("b", {"data-value": name})
      const label = name === "time" ? [] : [element("em", {}, `${name} `)]
      return element("span", {}, ...label, this.values[name], unit)
    }
    return element("div", {class: "readout", "data-readout": ""},
      entry("frame"), entry("time", " ms"), entry("luminance"), entry("voltage"))
  }

  buildAbout() {
    const open = button("About this view", "?", {"aria-expanded": "false"})
    const text = element("div", {hidden: ""})
    text.innerHTML = `
      <p>Each hexagon is one column of the eye; up and right are up and right for the fly. The
      outlined one is the central column, whose voltage is traced below.</p>
      <p>Luminance runs from 0 (black) to 1 (white). The colors of the response are symmetric
      about 0 and reach to the largest voltage of any frame, the ${this.border} outermost rings left
      out: the cells there lack neighbours, so that they rest elsewhere and answer otherwise, often in
      stripes along the border. This says nothing of the fly.</p>
      <p>The strip beneath the trace is the luminance of the central column. Point at a hexagon for
      its values and its own trace; drag the trace to move through time.</p>
      <p><kbd>Space</kbd> plays, <kbd>←</kbd> <kbd>→</kbd> step, with <kbd>Shift</kbd> by ten,
      <kbd>Home</kbd> <kbd>End</kbd> jump, <kbd>+</kbd> <kbd>−</kbd> zoom.</p>`
    this.setAbout = (shown) => {
      text.hidden = !shown
      open.setAttribute("aria-expanded", String(shown))
    }
    open.addEventListener("click", () => this.setAbout(text.hidden))
    return element("div", {class: "about"}, open, text)
  }

  // -- listening

  listen() {
    const {signal} = this.abort
    const on = (node, name, callback) => node.addEventListener(name, callback, {signal})

    this.watched = []
    const watch = (name, callback) => {
      this.model.on(name, callback)
      this.watched.push([name, callback])
    }
    // One update of several parameters may reach us in pieces: draw once they are all in.
    const soon = () => {
      if (this.pending) return
      this.pending = true
      queueMicrotask(() => {
        this.pending = false
        if (!signal.aborted) this.refresh()
      })
    }
    for (const name of ["scene", "live"]) {
      watch(name, () => {
        this.lent = null
        soon()
      })
    }
    on(document, "maxstim-movie", (event) => {
      this.lent = event.detail
      this.iterates.chosen = null // one of them at a time, and back from it to the answer
      this.refresh()
    })
    on(document, "maxstim-jump", ({detail}) => {
      if (detail === null) this.tellFrame()
      else this.jump(detail)
    })
    on(document, "maxstim-place", (event) => this.tellPlace(event.detail))
    on(this.back, "click", () => this.lookAt(Infinity))
    watch("traces", () => this.layout())
    watch("dark", () => this.layout())

    on(this.iterationSlider, "input", () => this.lookAt(Number(this.iterationSlider.value)))
    on(this.playButton, "click", () => this.toggle())
    on(this.buttons.first, "click", () => this.jump(0))
    on(this.buttons.back, "click", () => this.jump(this.frame - 1))
    on(this.buttons.forward, "click", () => this.jump(this.frame + 1))
    on(this.buttons.last, "click", () => this.jump(Infinity))
    on(this.slider, "input", () => this.jump(Number(this.slider.value)))
    on(this.loopButton, "click", () => {
      this.loop = !this.loop
      this.loopButton.setAttribute("aria-pressed", String(this.loop))
    })
    on(this.speedSelect, "change", () => { this.speed = SPEEDS[this.speedSelect.value][0] })
    on(this.ringsInput, "input", () => this.zoom(Number(this.ringsInput.value)))
    on(this.ringsFew, "click", () => this.zoom(FIGURE_RINGS))
    on(this.ringsAll, "click", () => this.zoom(Infinity))
    on(this.relativeButton, "click", () => {
      this.relative = !this.relative
      this.relativeButton.setAttribute("aria-pressed", String(this.relative))
      this.layout()
    })

    // A player has the page's keys: who has just clicked somewhere else still means this one.
    on(document, "keydown", (event) => this.key(event))
    // After a click with the mouse the keys should drive the player, not the button just used.
    on(this.root, "click", (event) => {
      if (event.detail > 0 && event.target.closest("button")) this.root.focus({preventScroll: true})
    })
    on(this.root, "focusout", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.setAbout(false)
    })

    for (const map of [this.stimulus, this.response]) {
      on(map.canvas, "pointermove", (event) => this.hover(map, event))
      on(map.canvas, "pointerleave", () => this.hover(null))
      on(map.canvas, "pointerdown", () => this.root.focus({preventScroll: true}))
    }
    const scrub = (event) => {
      if (!this.scene) return
      const box = this.trace.getBoundingClientRect()
      this.jump(Math.round(this.frameAt(event.clientX - box.left)))
    }
    on(this.trace, "pointerdown", (event) => {
      if (event.button !== 0) return
      event.preventDefault()
      this.trace.setPointerCapture(event.pointerId)
      this.root.focus({preventScroll: true})
      scrub(event)
    })
    on(this.trace, "pointermove", (event) => {
      if (this.trace.hasPointerCapture(event.pointerId)) scrub(event)
    })

    // Laying out changes our own height, so it waits for the next frame and for a new width.
    const relayout = () => {
      cancelAnimationFrame(this.layoutRequest)
      this.layoutRequest = requestAnimationFrame(() => this.layout())
    }
    this.observer = new ResizeObserver((entries) => {
      const isOther = ({target, contentRect}) =>
        target !== this.root || Math.abs(contentRect.width - (this.width ?? 0)) >= 0.5
      if (entries.some(isOther)) relayout()
    })
    this.observer.observe(this.root)
    on(window, "resize", relayout)
    this.watchResolution()
  }

  /** Draw again at full sharpness when the window moves to another screen or is zoomed. */
  watchResolution() {
    const {signal} = this.abort
    const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`)
    query.addEventListener("change", () => {
      this.watchResolution()
      this.layout()
    }, {once: true, signal})
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
    if (!this.scene || !this.root.getClientRects().length) return // another view has its place
    const path = event.composedPath()
    const node = path[0]
    const mine = path.includes(this.root)
    if (!mine && (event.key === "Escape" || path.some((one) => one.matches?.(OTHER_KEYS)))) return
    const chooses = [this.speedSelect, this.ringsInput, this.iterationSlider].includes(node)
    const stride = event.shiftKey ? 10 : 1
    const actions = {
      ArrowLeft: () => this.jump(this.frame - stride),
      ArrowRight: () => this.jump(this.frame + stride),
      Home: () => this.jump(0),
      End: () => this.jump(Infinity),
      " ": () => this.toggle(),
      "+": () => this.zoom(this.shownRings() - 1),
      "=": () => this.zoom(this.shownRings() - 1),
      "-": () => this.zoom(this.shownRings() + 1),
      Escape: () => this.setAbout(false),
    }
    // These controls have a use of their own for the same keys.
    if (chooses || (event.key === " " && node.matches?.("button, [role=button], summary"))) return
    if (!Object.hasOwn(actions, event.key)) return
    event.preventDefault()
    actions[event.key]()
  }

  // -- data

  refresh() {
    const block = this.model.live?.byteLength ? this.model.live : this.model.scene
    let scene = unpack(block)
    this.iterates.take(scene, block)
    const earlier = this.iterates.blocks.get(this.iterates.chosen)
    if (earlier) scene = unpack(earlier)
    this.apart = earlier ? `iteration ${this.iterates.chosen}` : this.lent?.title ?? ""
    if (this.lent) scene = {...this.lent, lent: true}
    document.dispatchEvent(new CustomEvent("maxstim-apart", {detail: this.apart}))
    this.showIterations()
    this.scene = scene ? prepare(scene) : null
    this.hovered = null
    this.tip.hidden = true
    if (!this.scene) {
      this.pause()
      this.position = 0
    } else if (this.scene.live && this.scene.start !== undefined && this.followsRun()) {
      this.position = clamp(this.scene.start, 0, this.scene.nFrames - 1)
    } else if (this.scene.live || this.scene.lent || this.playing) {
      this.position = clamp(this.position, 0, this.scene.nFrames - 1)
    } else {
      this.position = clamp(this.scene.start ?? this.scene.peak, 0, this.scene.nFrames - 1)
    }
    this.layout()
  }

  /** Whether the playhead stands where the run on show says: until somebody moves it. */
  followsRun() {
    if (this.scene.run !== this.begun) Object.assign(this, {begun: this.scene.run, moved: false})
    return !this.moved && !this.playing
  }

  /** Say for a link where this stands: `frame`, from 1, and an earlier `iteration` that is looked at. */
  tellPlace(place) {
    const {scene, iterates: {chosen}} = this
    if (!scene || scene.lent || !this.root.checkVisibility()) return
    if (chosen !== null) place.iteration = chosen
    place.frame = this.frame + 1
  }

  /** Look at a kept iteration by its place; at the last place, at what is newest, or the answer. */
  lookAt(place) {
    const {iterates} = this
    const {places, answer} = iterates
    const isNewest = place >= places.length - 1
    if (this.lent) document.dispatchEvent(new CustomEvent("maxstim-movie", {detail: null}))
    this.moved = true
    iterates.chosen = isNewest ? null : places[place]
    // The losses mark it, and the way back begins there.
    const detail = isNewest && answer ? null : places[Math.min(place, places.length - 1)]
    document.dispatchEvent(new CustomEvent("maxstim-iteration", {detail}))
    this.refresh()
  }

  showIterations() {
    const {places, chosen} = this.iterates
    this.iterationRow.hidden = places.length < 2
    const place = chosen === null ? places.length - 1 : places.indexOf(chosen)
    this.root.dataset.iteration = String(places[place] ?? "")
    if (this.iterationRow.hidden) return
    this.iterationSlider.max = places.length - 1
    setRange(this.iterationSlider, place)
    this.iterationOutput.textContent = `${places[place]}`
    this.iterationSlider.setAttribute("aria-valuetext", `iteration ${places[place]}`)
  }

  shownRings() {
    const extent = this.scene?.extent ?? 0
    return clamp(this.rings ?? extent, Math.min(1, extent), extent)
  }

  zoom(rings) {
    if (!this.scene) return
    this.rings = rings >= this.scene.extent ? null : Math.max(rings, 1)
    this.layout()
  }

  // -- layout: everything that changes with size, data or theme, but not from frame to frame

  layout() {
    const {scene, theme} = this
    const width = this.root.clientWidth
    this.root.dataset.theme = this.model.dark ? "dark" : "light"
    this.root.dataset.live = String(Boolean(scene?.live))
    this.root.dataset.lent = scene?.lent ? scene.title : ""
    const stands = scene?.lent ? scene.title : this.apart ? `Stimulus, ${this.apart}` : "Stimulus"
    this.stimulus.title.textContent = this.stimulus.title.title = stands
    this.back.hidden = !this.apart
    this.back.textContent = this.back.title = this.iterates.answer ? "Back to the answer" : "Back to the newest"
    this.back.setAttribute("aria-label", this.back.textContent)
    this.stimulus.unit.hidden = Boolean(this.apart)
    const title = scene?.lent ? "" : scene?.title ?? ""
    this.heading.textContent = title
    this.heading.hidden = !title
    for (const control of this.root.querySelectorAll("button, input, select")) {
      if (!control.closest(".about")) control.disabled = !scene
    }
    if (!width) return
    this.width = width
    this.family = getComputedStyle(this.root).fontFamily
    const rings = this.shownRings()
    this.ringsInput.max = scene?.extent ?? 1
    setRange(this.ringsInput, rings)
    this.ringsOutput.textContent = scene ? `${rings} (${Math.round(rings * this.degrees)}°)` : ""
    this.ringsFew.disabled = !scene || scene.extent < FIGURE_RINGS

    const [mapWidth, mapHeight] = this.mapSize(width)
    for (const map of [this.stimulus, this.response]) {
      map.plot.style.height = `${mapHeight}px`
      map.bar.style.height = `${Math.round(0.6 * mapHeight)}px`
    }
    this.response.title.textContent = scene?.cell_type ? `Response of ${scene.cell_type}` : "Response"
    this.response.unit.textContent = this.relative ? "voltage change (a.u.)" : "voltage (a.u.)"
    if (!scene) {
      for (const map of [this.stimulus, this.response]) {
        sized(map.canvas, mapWidth, mapHeight).clearRect(0, 0, mapWidth, mapHeight)
      }
      this.stimulus.setNote("Nothing to show yet")
      this.response.setNote("")
    } else {
      this.voltages = relativeTo(scene.response, scene.nColumns, this.relative)
      this.central = relativeTo(scene.central, 1, this.relative)
      this.limit = (!this.relative && scene.limit) || this.largestInside() || 1
      this.response.setEnds(number(this.limit), "0", number(-this.limit))
      this.stimulus.setNote("")
      this.response.setNote(scene.response ? ""
        : scene.live ? "The response is on its way"
        : scene.lent ? "Here the response is that of the central cell alone"
        : "Only the central response is kept for this iteration")
      this.stimulus.place(scene, rings, mapWidth, mapHeight)
      this.response.place(scene, rings, mapWidth, mapHeight)
    }
    this.stimulus.bar.style.visibility = scene ? "visible" : "hidden"
    this.response.bar.style.visibility = scene?.response ? "visible" : "hidden"
    this.slider.max = scene ? scene.nFrames - 1 : 0
    this.fitReadout()
    this.drawLegend(theme)
    this.drawCurves(width, theme)
    this.draw()
  }

  /** Return the largest voltage of the columns whose neighbours are all there. */
  largestInside() {
    const {scene, voltages, border} = this
    const rings = scene.extent > 2 * border ? scene.extent - border : scene.extent
    return largest((voltages ?? []).filter((_, i) => scene.ring[i % scene.nColumns] <= rings))
  }

  /** Give every number the room of its longest value, so that nothing jumps while playing. */
  fitReadout() {
    const {scene} = this
    if (!scene) return
    const last = scene.nFrames - 1
    const texts = {
      frame: [`${scene.nFrames} / ${scene.nFrames}`],
      time: [0, last].map((frame) => number(this.time(frame), this.timeDigits())),
      luminance: ["0.00"],
      voltage: Array.from(this.central ?? [], (value) => number(value, 3)),
    }
    for (const [name, all] of Object.entries(texts)) {
      // In widths of a zero, with room for a wide minus: holds for a font that comes late, too..
      const longest = all.reduce((top, text) => Math.max(top, text.length), 0)
      this.values[name].style.minWidth = `${longest + 1}ch`
    }
  }

  /** Return how far below the top of the window the player begins, before anybody scrolls. */
  above() {
    const {host} = this.root.getRootNode()
    const before = host?.previousElementSibling
    if (before && this.before !== before) {
      this.before = before
      this.observer.observe(before) // it may grow
    }
    return this.root.getBoundingClientRect().top + (host?.closest("main")?.scrollTop ?? 0)
  }

  /** Return width and height of a map so that the whole player fits into a window of usual shape. */
  mapSize(width) {
    const extent = this.scene?.extent ?? 15
    const shape = (SQRT3 * (2 * extent + 1)) / (3 * extent + 2)
    const usual = clamp(window.innerHeight - 500, 290, 640)
    // What stands above may take some lines: play shall stay in sight, if that leaves something to see.
    const left = window.innerHeight - this.above() - BESIDES
    const room = left < LOWEST_MAP ? usual : Math.min(usual, left)
    const gap = clamp(0.04 * width, 8, 72)
    const mapWidth = Math.max(80, Math.min((width - gap) / 2 - BAR_WIDTH, room / shape))
    return [Math.floor(mapWidth), Math.floor(mapWidth * shape)]
  }

  /** Return the overlaid traces with the color and, in relative mode, the values they are drawn in. */
  overlaid(theme) {
    if (!this.scene || this.scene.live || this.scene.lent) return []
    return this.model.traces.map((trace, i) => {
      const first = this.relative ? trace.values[0] : 0
      const values = trace.values.map((value) => (value === null ? NaN : value - first))
      const color = trace.color || (trace.dash ? theme.ink : theme.others[i % theme.others.length])
      return {...trace, values, color}
    })
  }

  deviation(trace) {
    const pairs = trace.values.map((value, i) => value - this.central[i]).filter(Number.isFinite)
    return Math.sqrt(pairs.reduce((sum, d) => sum + d * d, 0) / Math.max(pairs.length, 1))
  }

  drawLegend(theme) {
    const nodes = [element("b", {}, "Central cell")]
    const entry = (label, color, dash) => {
      const line = element("i", dash ? {class: "dash"} : {})
      line.style.borderTopColor = color
      nodes.push(element("span", {class: "entry"}, line, label))
    }
    const {scene} = this
    if (scene && !scene.central) nodes[0].textContent = "Central column"
    else nodes.push(element("span", {class: "unit"}, this.response.unit.textContent))
    const others = this.overlaid(theme)
    const name = scene?.name ? `${scene.name} (shown above)` : "shown above"
    if (others.length) entry(name, scene.color || theme.accent, false)
    for (const trace of others) {
      const off = trace.shade ? ` (deviation ${number(this.deviation(trace))} RMS)` : ""
      entry(trace.label + off, trace.color, trace.dash)
    }
    this.legend.replaceChildren(...nodes)
  }

  // -- the trace

  time(frame) {
    return (frame - this.scene.origin) * this.scene.dt * 1000
  }

  frameAt(px) {
    const {left, x0, perPixel} = this.axes
    return (x0 + (px - left) * perPixel) / (this.scene.dt * 1000) + this.scene.origin
  }

  drawCurves(width, theme) {
    const {scene} = this
    const context = sized(this.curves, width, TRACE.height)
    sized(this.cursor, width, TRACE.height)
    context.clearRect(0, 0, width, TRACE.height)
    this.axes = null
    if (!scene) return
    const others = this.overlaid(theme)
    const times = [this.time(-0.5), this.time(scene.nFrames - 0.5), ...others.flatMap((o) => o.times)]
    const [x0, x1] = [Math.min(...times), Math.max(...times)]
    const finite = [this.central ?? [], ...others.map((o) => o.values)]
      .flatMap((values) => [...values]).filter(Number.isFinite)
    let [y0, y1] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1]
    const pad = 0.08 * (y1 - y0) || Math.abs(y1) * 0.1 || 1
    y0 -= pad
    y1 += pad
    const left = TRACE.left
    const right = width - TRACE.right
    const bottom = TRACE.height - TRACE.bottom
    const perPixel = (x1 - x0) / (right - left)
    const X = (t) => left + (t - x0) / perPixel
    const Y = (value) => TRACE.top + (y1 - value) / (y1 - y0) * (bottom - TRACE.top)
    this.axes = {left, right, bottom, x0, perPixel, X, Y}

    context.font = `11px ${this.family}`
    context.lineWidth = 1
    context.textBaseline = "middle"
    if (finite.length) {
      context.textAlign = "right"
      const levels = ticks(y0, y1, 4)
      const digits = clamp(-Math.floor(Math.log10(niceStep(y1 - y0, 4)) + 1e-9), 0, 6)
      for (const level of levels) {
        const y = Math.round(Y(level)) + 0.5
        stroke(context, theme.grid, [[left, y], [right, y]])
        context.fillStyle = theme.quiet
        context.fillText(number(level, digits), left - 8, y)
      }
    }
    context.textAlign = "center"
    const ribbon = bottom + 4
    const stamps = ticks(x0, x1, (right - left) / 90)
    for (const t of stamps) {
      const x = Math.round(X(t)) + 0.5
      stroke(context, theme.line, [[x, ribbon + TRACE.ribbon], [x, ribbon + TRACE.ribbon + 4]])
      context.fillStyle = theme.quiet
      context.fillText(number(t, 0), x, ribbon + TRACE.ribbon + 12)
    }
    context.fillStyle = theme.quiet
    context.textBaseline = "alphabetic"
    context.textAlign = "center"
    const fromStart = scene.live || scene.lent
    context.fillText(fromStart ? "time (ms)" : `time from ${scene.zero} (ms)`, (left + right) / 2,
      TRACE.height - 2)

    // Luminance of the central column, frame by frame.
    for (let frame = 0; frame < scene.nFrames; frame++) {
      const a = Math.round(X(this.time(frame - 0.5)))
      const b = Math.round(X(this.time(frame + 0.5)))
      context.fillStyle = this.grey(scene.stimulus[frame * scene.nColumns + scene.center])
      context.fillRect(a, ribbon, Math.max(b - a, 1), TRACE.ribbon)
    }
    context.strokeStyle = theme.line
    const [a, b] = [X(this.time(-0.5)), X(this.time(scene.nFrames - 0.5))].map(Math.round)
    context.strokeRect(a - 0.5, ribbon - 0.5, b - a + 1, TRACE.ribbon + 1)

    if (!fromStart) {
      const x = Math.round(X(0)) + 0.5
      context.setLineDash([2, 3])
      stroke(context, theme.line, [[x, TRACE.top], [x, bottom]])
      context.setLineDash([])
    }
    if (!this.central) {
      context.fillStyle = theme.quiet
      context.textAlign = "center"
      context.fillText(scene.lent ? "No trace is kept of a control" : "The trace comes with the response",
        (left + right) / 2, (TRACE.top + bottom) / 2)
      return
    }
    const main = scene.color || theme.accent
    const points = Array.from(this.central, (value, i) => [X(this.time(i)), Y(value)])
    for (const trace of others.filter((o) => o.shade)) {
      const edge = trace.values.map((value, i) => [X(trace.times[i]), Y(value)])
      context.beginPath()
      for (const [x, y] of [...points, ...edge.reverse()]) {
        if (Number.isFinite(y)) context.lineTo(x, y)
      }
      context.globalAlpha = 0.22
      context.fillStyle = main
      context.fill()
      context.globalAlpha = 1
    }
    context.lineJoin = "round"
    context.lineWidth = 1.6
    for (const trace of others) {
      context.setLineDash(trace.dash ? [5, 4] : [])
      stroke(context, trace.color, trace.values.map((y, i) => [X(trace.times[i]), Y(y)]))
    }
    context.setLineDash([])
    context.lineWidth = 2.2
    stroke(context, main, points)
  }

  drawCursor() {
    const {axes, theme, scene} = this
    const context = sized(this.cursor, this.width, TRACE.height)
    context.clearRect(0, 0, this.width, TRACE.height)
    if (!axes) return
    if (this.hovered !== null && this.voltages) {
      const line = Array.from({length: scene.nFrames}, (_, frame) =>
        [axes.X(this.time(frame)), axes.Y(this.voltages[frame * scene.nColumns + this.hovered])])
      context.save()
      context.beginPath()
      context.rect(axes.left, TRACE.top, axes.right - axes.left, axes.bottom - TRACE.top)
      context.clip()
      context.lineWidth = 1.4
      context.globalAlpha = 0.75
      stroke(context, theme.quiet, line)
      context.restore()
    }
    const x = axes.X(this.time(this.frame))
    context.lineWidth = 1.5
    stroke(context, theme.ink, [[x, TRACE.top - 4], [x, axes.bottom + 4 + TRACE.ribbon]])
    const value = this.central?.[this.frame]
    if (Number.isFinite(value)) {
      context.beginPath()
      context.arc(x, axes.Y(value), 4.5, 0, 2 * Math.PI)
      context.fillStyle = scene.color || theme.accent
      context.fill()
      context.strokeStyle = theme.paper
      context.stroke()
    }
  }

  // -- one frame

  grey(luminance) {
    if (!Number.isFinite(luminance)) return "transparent"
    return GREYS[Math.round(clamp(luminance, 0, 1) * 255)]
  }

  color(voltage) {
    const middle = (this.table.length - 1) / 2
    return this.table[Math.round((clamp(voltage / this.limit, -1, 1) + 1) * middle)]
  }

  draw() {
    const {scene, theme} = this
    this.frame = scene ? clamp(Math.floor(this.position), 0, scene.nFrames - 1) : 0
    this.root.dataset.frame = this.frame
    this.root.dataset.playing = this.playing
    setRange(this.slider, this.frame)
    this.tellFrame()
    const offset = scene ? this.frame * scene.nColumns : 0
    const shown = {
      frame: scene ? `${this.frame + 1} / ${scene.nFrames}` : "–",
      time: scene ? number(this.time(this.frame), this.timeDigits()) : "–",
      luminance: scene ? number(scene.stimulus[offset + scene.center], 2) : "–",
      voltage: number(this.central?.[this.frame] ?? NaN, 3),
    }
    if (!scene?.central) shown.voltage = "–"
    for (const [name, text] of Object.entries(shown)) this.values[name].textContent = text
    this.slider.setAttribute("aria-valuetext", `frame ${shown.frame}, ${shown.time} ms`)
    if (!this.width) return
    if (scene) {
      const context = this.stimulus.draw(
        scene.stimulus, offset, (value) => this.grey(value), theme, this.hovered)
      this.drawScaleBar(context)
      this.response.draw(this.voltages, offset, (value) => this.color(value), theme, this.hovered)
      const when = `${shown.time} ms`
      this.stimulus.canvas.setAttribute("aria-label", `Stimulus at ${when}, luminance by column`)
      this.response.canvas.setAttribute("aria-label",
        `${this.response.title.textContent} at ${when}, voltage by column`)
    }
    this.drawCursor()
    this.fillTip()
  }

  /** Tell what moves in step which frame of the answer is on show; null while it is none of it. */
  tellFrame() {
    const {scene} = this
    const detail = scene && !scene.live && !scene.lent ? this.frame : null
    document.dispatchEvent(new CustomEvent("maxstim-frame", {detail}))
  }

  timeDigits() {
    return Number.isInteger(Math.round(this.scene.dt * 1e6) / 1000) ? 0 : 1
  }

  /** A length on the eye, in the corner that the hexagon leaves free; none where that is too small. */
  drawScaleBar(context) {
    const {stimulus, theme} = this
    const [x, y] = [1, stimulus.height - 18.5]
    context.font = `11px ${this.family}`
    // The hexagon comes nearest at the upper end of the bar, and of its words.
    const isFree = (columns, words) =>
      stimulus.columnAt(x + columns * SQRT3 * stimulus.scale + 2, y - 2) === null &&
      stimulus.columnAt(x + context.measureText(words).width + 2, stimulus.height - 13) === null
    const widest = Math.max(1, Math.round(this.shownRings() / 3))
    const told = (columns) => `${Math.round(columns * this.degrees)}°`
    const columns = [widest, Math.ceil(widest / 2)].find((each) => isFree(each, told(each)))
    if (!columns) return
    context.lineWidth = 2
    stroke(context, theme.quiet, [[x, y], [x + columns * SQRT3 * stimulus.scale, y]])
    context.textAlign = "left"
    context.textBaseline = "alphabetic"
    context.fillStyle = theme.quiet
    context.fillText(told(columns), x, stimulus.height - 4)
  }

  // -- hovering

  hover(map, event) {
    const {scene} = this
    let column = null
    if (map && scene) {
      const box = map.canvas.getBoundingClientRect()
      column = map.columnAt(event.clientX - box.left, event.clientY - box.top)
    }
    const changed = column !== this.hovered
    this.hovered = column
    this.tip.hidden = column === null
    if (changed) this.draw()
    if (column === null) return
    const root = this.root.getBoundingClientRect()
    const [x, y] = [event.clientX - root.left, event.clientY - root.top]
    const flip = x + 18 + this.tip.offsetWidth > root.width
    this.tip.style.transform =
      `translate(${flip ? x - 14 - this.tip.offsetWidth : x + 18}px, ${y + 14}px)`
  }

  fillTip() {
    if (this.hovered === null || !this.scene) return
    const {scene, hovered, frame} = this
    const at = frame * scene.nColumns + hovered
    const voltage = this.voltages?.[at]
    const rows = [
      ["column (u, v)", `(${number(scene.u[hovered], 0)}, ${number(scene.v[hovered], 0)})`],
      ["luminance", number(scene.stimulus[at], 3)],
    ]
    if (this.voltages) {
      rows.push(Number.isFinite(voltage)
        ? ["voltage", number(voltage, 4)] : ["no cell in this column", ""])
    }
    this.tip.replaceChildren(...rows.map(([name, text]) =>
      element("div", {}, element("em", {}, `${name} `), text)))
  }

  // -- transport

  jump(frame) {
    if (!this.scene) return
    this.pause()
    this.moved = true
    this.position = clamp(frame, 0, this.scene.nFrames - 1)
    this.draw()
  }

  toggle() {
    if (this.playing) {
      this.pause()
      this.position = this.frame
      this.draw()
    } else {
      this.play()
    }
  }

  play() {
    if (!this.scene || this.scene.nFrames < 2) return
    this.playing = this.moved = true
    this.showPlaying()
    if (this.frame >= this.scene.nFrames - 1) this.position = 0
    let before = null
    const tick = (now) => {
      if (!this.playing || !this.root.isConnected) return
      const elapsed = before === null ? 0 : now - before
      before = now
      this.advance(elapsed)
      if (this.playing) this.tick = requestAnimationFrame(tick)
    }
    this.tick = requestAnimationFrame(tick)
    this.draw()
  }

  /** Move on by `elapsed` milliseconds of the viewer's time. */
  advance(elapsed) {
    const n = this.scene.nFrames
    this.position += (elapsed * this.speed) / (this.scene.dt * 1000)
    if (this.position >= n) {
      if (this.loop) {
        this.position %= n
      } else {
        this.pause()
        this.position = n - 1
        this.draw()
        return
      }
    }
    if (Math.floor(this.position) !== this.frame) this.draw()
  }

  pause() {
    this.playing = false
    cancelAnimationFrame(this.tick)
    this.showPlaying()
  }

  showPlaying() {
    this.root.dataset.playing = this.playing
    const label = this.playing ? "Pause" : "Play"
    if (this.playButton.getAttribute("aria-label") === label) return
    this.playButton.setAttribute("aria-label", label)
    this.playButton.title = label
    setIcon(this.playButton, label.toLowerCase())
  }
}
