// The browser's half of Gallery: one button per clip, drawn on two small canvases.
// Only a click sends a message; playing sends none, and draws no clip that is out of sight.

const SPEED = 1 / 6 // of real time, as the player at first
const [TOUCHING, RIM] = [1.12, 1.6] // no gaps, finer than the screen; a ground that shows at the rim
const TRACE_HEIGHT = 30

const galleries = new WeakMap()

export function render({model, el}) {
  // Panel may render again into the same element; whatever was there must let go of its listeners.
  galleries.get(el)?.destroy()
  const gallery = new Clips(model)
  galleries.set(el, gallery)
  model.on("remove", () => gallery.destroy())
  return element("div", "card", gallery.root)
}

/** One clip: a button with its picture, its response and what is said of it. */
class Thumb {
  constructor(place, about) {
    this.place = place
    this.about = about
    this.frame = about.still
    this.visible = false
    this.map = new HexCanvas(element("canvas", {"aria-hidden": "true"}), TOUCHING, RIM)
    this.trace = element("canvas", {"aria-hidden": "true"})
    const score = number(about.score)
    const time = `${number(about.time, 0)} ms`
    this.root = element("button", {
      type: "button", class: "thumb", title: about.title,
      "aria-label": `Clip ${place + 1}: ${about.title}, score ${score}, peak at ${time}`,
    },
    this.map.canvas, this.trace,
    element("span", {class: "facts"}, element("span", {class: "place"}, String(place + 1)),
      element("b", {}, score), element("span", {class: "time"}, time)),
    element("span", {class: "name"}, about.title))
  }

  fit(scene, width) {
    this.scene = scene
    this.width = width
    const shape = (SQRT3 * (2 * scene.extent + 1)) / (3 * scene.extent + 2)
    this.map.place(scene, scene.extent, width, Math.floor(width * shape))
  }

  /** Draw a frame, and the response with a dot at it. */
  draw(frame, theme, color, limits) {
    this.frame = frame
    this.root.dataset.frame = frame
    const {scene, about, place, width} = this
    const at = (place * scene.nFrames + frame) * scene.nColumns
    this.map.draw(scene.stimulus, at, (level) => GREYS[level], theme, null)
    const context = sized(this.trace, width, TRACE_HEIGHT)
    context.clearRect(0, 0, width, TRACE_HEIGHT)
    const [low, high] = limits
    const X = (t) => 3 + (t / Math.max(scene.nFrames - 1, 1)) * (width - 6)
    const Y = (value) => 4 + ((high - value) / (high - low || 1)) * (TRACE_HEIGHT - 8)
    const value = (t) => scene.response[place * scene.nFrames + t]
    context.lineWidth = 1
    context.setLineDash([2, 2])
    stroke(context, theme.quiet, [[X(about.peak), 0], [X(about.peak), TRACE_HEIGHT]])
    context.setLineDash([])
    context.lineWidth = 1.5
    context.lineJoin = "round"
    const line = Array.from({length: about.frames}, (_, t) => [X(t), Y(value(t))])
    stroke(context, color, line)
    context.beginPath()
    context.arc(X(frame), Y(value(frame)), 3, 0, 2 * Math.PI)
    context.fillStyle = theme.ink
    context.fill()
  }
}

class Clips {
  constructor(model) {
    this.model = model
    this.thumbs = []
    this.all = false // whether all in sight play
    this.pointed = null // the one that is pointed at
    this.abort = new AbortController()
    this.build()
    this.listen()
    this.refresh()
  }

  destroy() {
    this.abort.abort()
    this.sizes.disconnect()
    this.sight.disconnect()
    cancelAnimationFrame(this.tick)
    cancelAnimationFrame(this.layoutRequest)
    for (const [name, callback] of this.watched) this.model.off(name, callback)
  }

  build() {
    this.heading = element("h2")
    this.unit = element("span", {class: "unit"})
    this.playAll = element("button", {type: "button", class: "tool", "aria-pressed": "false"})
    this.arrows = [-1, 1].map((way) => {
      const label = way < 0 ? "Better clips" : "More clips"
      return element("button", {type: "button", class: "tool arrow", "aria-label": label, title: label},
        way < 0 ? "‹" : "›")
    })
    this.regularize = element("button", {type: "button", class: "tool main"}, "Regularize this clip")
    this.strip = element("div", {class: "strip", role: "group", "aria-label": "Best clips"})
    this.root = element("div", {class: "gallery"},
      element("header", {}, this.heading, this.unit, element("span", {class: "spring"}),
        ...this.arrows, this.playAll, this.regularize),
      this.strip)
  }

  listen() {
    const {signal} = this.abort
    const on = (node, name, callback) => node.addEventListener(name, callback, {signal})
    this.watched = []
    // One update of several parameters may reach us in pieces: draw once they are all in.
    const soon = () => {
      if (this.pending) return
      this.pending = true
      queueMicrotask(() => {
        this.pending = false
        if (!signal.aborted) this.refresh()
      })
    }
    const watch = (name, callback) => {
      this.model.on(name, callback)
      this.watched.push([name, callback])
    }
    for (const name of ["movies", "clips", "heading", "unit"]) watch(name, soon)
    for (const name of ["chosen", "can_regularize"]) watch(name, () => this.mark())
    watch("dark", () => this.layout())

    on(this.playAll, "click", () => this.play(!this.all))
    this.arrows.forEach((arrow, k) => on(arrow, "click", () =>
      this.strip.scrollBy({left: (k ? 1 : -1) * 0.8 * this.strip.clientWidth, behavior: "smooth"})))
    on(this.strip, "scroll", () => this.tellEnds())
    on(this.regularize, "click", () => this.model.send_msg("regularize"))
    on(this.strip, "click", (event) => {
      const thumb = this.thumbOf(event.target)
      if (thumb) this.model.send_msg(thumb.place)
    })
    const reduced = matchMedia("(prefers-reduced-motion: reduce)")
    const point = (thumb) => {
      if (thumb === this.pointed || reduced.matches) return
      const before = this.pointed
      this.pointed = thumb
      if (thumb && !this.all) thumb.position = 0
      if (before && !this.all) this.show(before, before.about.still)
      this.run()
    }
    on(this.strip, "pointerover", (event) => point(this.thumbOf(event.target)))
    on(this.strip, "pointerleave", () => point(null))
    on(this.strip, "focusin", (event) => {
      if (event.target.matches(":focus-visible")) point(this.thumbOf(event.target))
    })
    on(this.strip, "focusout", () => point(null))

    this.sight = new IntersectionObserver((entries) => {
      for (const {target, isIntersecting} of entries) {
        const thumb = this.thumbOf(target)
        if (thumb) thumb.visible = isIntersecting
      }
    })
    // Laying out changes our own height, so it waits for the next frame and for a new width.
    this.sizes = new ResizeObserver(([entry]) => {
      if (Math.abs(entry.contentRect.width - (this.width ?? 0)) < 0.5) return
      cancelAnimationFrame(this.layoutRequest)
      this.layoutRequest = requestAnimationFrame(() => this.layout())
    })
    this.sizes.observe(this.root)
  }

  thumbOf(node) {
    const root = node.closest(".thumb")
    return this.thumbs.find((thumb) => thumb.root === root) ?? null
  }

  // -- data

  refresh() {
    const {model} = this
    this.heading.textContent = model.heading
    this.unit.textContent = model.unit
    const scene = unpack(model.movies)
    this.scene = scene && model.clips.length ? placeColumns(scene) : null
    this.root.hidden = !this.scene
    this.sight.disconnect()
    this.pointed = null
    this.thumbs = []
    if (this.scene) {
      scene.nFrames = scene.response.length / model.clips.length
      const finite = scene.response.filter(Number.isFinite)
      this.limits = [Math.min, Math.max].map((end) => finite.reduce((a, b) => end(a, b), finite[0]))
      this.thumbs = model.clips.map((about, place) => new Thumb(place, about))
    }
    this.strip.replaceChildren(...this.thumbs.map((thumb) => thumb.root))
    for (const thumb of this.thumbs) this.sight.observe(thumb.root)
    this.mark()
    this.layout()
    this.play(this.all)
  }

  mark() {
    for (const thumb of this.thumbs) {
      thumb.root.setAttribute("aria-current", String(thumb.place === this.model.chosen))
    }
    this.regularize.hidden = !this.model.can_regularize
  }

  // -- drawing

  get theme() {
    return THEMES[this.model.dark ? "dark" : "light"]
  }

  layout() {
    this.root.dataset.theme = this.model.dark ? "dark" : "light"
    this.width = this.root.clientWidth
    if (!this.width || !this.scene) return
    for (const thumb of this.thumbs) {
      const style = getComputedStyle(thumb.root)
      const inside = thumb.root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
      thumb.fit(this.scene, Math.floor(inside))
      this.show(thumb, thumb.frame)
    }
    this.tellEnds()
  }

  /** Say whether there are clips beyond the left and right end of what is in sight. */
  tellEnds() {
    const {scrollLeft, clientWidth, scrollWidth} = this.strip
    const more = [scrollLeft > 1, scrollLeft + clientWidth < scrollWidth - 1]
    this.arrows.forEach((arrow, k) => {
      arrow.disabled = !more[k]
      arrow.hidden = scrollWidth <= clientWidth + 1
    })
    this.strip.dataset.more = ["left", "right"].filter((_, k) => more[k]).join(" ")
  }

  show(thumb, frame) {
    if (thumb.width) thumb.draw(frame, this.theme, this.model.color, this.limits)
  }

  // -- playing

  play(all) {
    this.all = all
    this.playAll.textContent = all ? "Pause" : "Play all"
    this.playAll.setAttribute("aria-pressed", String(all))
    for (const thumb of this.thumbs) {
      thumb.position = thumb.about.still
      if (!all) this.show(thumb, thumb.about.still)
    }
    this.run()
  }

  /** Play what is pointed at, or all in sight, until there is nothing to play. */
  run() {
    cancelAnimationFrame(this.tick)
    let before = null
    const tick = (now) => {
      const moving = this.thumbs.filter((one) => (this.all || one === this.pointed) && one.visible)
      if (!this.root.isConnected || !(this.all || this.pointed)) return
      const frames = before === null ? 0 : ((now - before) * SPEED) / (1000 * this.scene.dt)
      before = now
      for (const thumb of moving) {
        thumb.position = (thumb.position + frames) % thumb.about.frames
        if (Math.floor(thumb.position) !== thumb.frame) this.show(thumb, Math.floor(thumb.position))
      }
      this.tick = requestAnimationFrame(tick)
    }
    this.tick = requestAnimationFrame(tick)
  }
}
