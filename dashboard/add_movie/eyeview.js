// The browser's half of EyeView: two canvases and one clock. The outline of the eye on the movie can be
// dragged, or moved with the arrow keys; where it comes to rest is all that is sent back.

const MOST_HEIGHT = 400
const ICONS = {play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z"}

export function render({model}) {
  const view = new View(model)
  model.on("remove", () => view.destroy())
  return view.root
}

class View {
  constructor(model) {
    this.model = model
    this.images = [] // ImageBitmap of each picture
    this.playing = true
    this.seconds = 0 // since the first frame
    this.frame = 0
    this.at = model.at
    this.build()
    this.watched = [
      ["pictures", () => this.load()],
      ["seen", () => this.fit()],
      ["fps", () => this.fit()],
      ["pixels", () => this.draw()],
      ["at", () => { this.at = this.model.at; this.draw() }],
    ]
    for (const [name, callback] of this.watched) model.on(name, callback)
    this.observer = new ResizeObserver(() => this.fit())
    this.observer.observe(this.root)
    this.load()
    this.tick(performance.now())
  }

  destroy() {
    cancelAnimationFrame(this.request)
    this.observer.disconnect()
    for (const image of this.images) image.close()
    for (const [name, callback] of this.watched) this.model.off(name, callback)
  }

  build() {
    this.movie = element("canvas", {
      tabindex: "0", role: "img", class: "movie",
      "aria-label": "The movie, with the outline of the eye; arrow keys move it",
    })
    this.eye = new HexCanvas(
      element("canvas", {role: "img", class: "eye", "aria-label": "What the fly sees"}))
    const {u, v} = this.model.esm_constants
    this.scene = placeColumns({u, v})
    this.hint = element("span", {}, "drag the outline to move the eye")
    this.left = element("figure", {}, element("figcaption", {},
      element("b", {}, "Your movie"), this.hint), this.movie)
    this.busy = element("span", {class: "busy", hidden: ""}, "looking…")
    this.right = element("figure", {}, element("figcaption", {},
      element("b", {}, "What the fly sees"), element("span", {}, "721 columns"), this.busy), this.eye.canvas)
    this.button = element("button", {type: "button"})
    this.button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path/></svg>'
    this.slider = element("input",
      {type: "range", min: 0, max: 0, step: 1, value: 0, "aria-label": "Frame of the preview"})
    this.time = element("span", {class: "at"})
    this.transport = element("div", {class: "transport"}, this.button, this.slider, this.time)
    this.root = element("div", {class: "eyeview", "data-frame": "0"},
      element("div", {class: "both"}, this.left, this.right), this.transport)
    this.showPlaying()
    this.button.addEventListener("click", () => {
      this.playing = !this.playing
      this.showPlaying()
    })
    this.slider.addEventListener("input", () => {
      this.playing = false
      this.showPlaying()
      this.seconds = (Number(this.slider.value) + 0.5) / this.model.fps
      this.draw()
    })
    this.movie.addEventListener("pointerdown", (event) => {
      this.movie.setPointerCapture(event.pointerId)
      this.grab = this.point(event).map((value, axis) => value - this.at[axis])
    })
    this.movie.addEventListener("pointermove", (event) => {
      if (this.grab) this.move(this.point(event).map((value, axis) => value - this.grab[axis]))
    })
    const release = () => {
      if (this.grab) this.model.at = this.at
      this.grab = null
    }
    this.movie.addEventListener("pointerup", release)
    this.movie.addEventListener("pointercancel", release)
    this.movie.addEventListener("keydown", (event) => {
      const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key]
      if (!step) return
      event.preventDefault()
      this.move(this.at.map((value, axis) => value + 0.02 * step[axis]))
      this.model.at = this.at
    })
  }

  // -- what is shown

  async load() {
    // All that belongs to a movie comes in one message, yet one property after the other.
    await Promise.resolve()
    const {pictures, ends} = this.model
    const bytes = new Uint8Array(ArrayBuffer.isView(pictures) ? pictures.slice() : pictures ?? 0)
    const images = await Promise.all(ends.map((end, k) => createImageBitmap(
      new Blob([bytes.subarray(k ? ends[k - 1] : 0, end)], {type: "image/jpeg"}))))
    for (const image of this.images) image.close()
    this.images = images
    this.at = this.model.at
    this.seconds = 0
    this.playing = true
    this.showPlaying()
    this.fit()
  }

  get frames() {
    return this.model.order.length
  }

  /** Choose sizes for the room that there is, and draw. */
  fit() {
    const {seen} = this.model
    this.levels = new Uint8Array(ArrayBuffer.isView(seen) ? seen.slice() : seen ?? 0)
    const columns = !this.images.length
    this.left.hidden = columns
    this.transport.style.visibility = this.frames > 1 ? "visible" : "hidden"
    this.slider.max = Math.max(0, this.frames - 1)
    const width = this.root.clientWidth
    if (!width) return
    const {extent} = this.model.esm_constants
    const [hexWidth, hexHeight] = [3 * extent + 2, SQRT3 * (2 * extent + 1)]
    const room = columns ? width : width - 20
    const [height, across] = this.model.size
    // Both of one height, which the width or the window limits.
    const aspects = hexWidth / hexHeight + (columns ? 0 : across / height)
    const tall = Math.floor(Math.min(MOST_HEIGHT, room / aspects, Math.max(200, innerHeight - 360)))
    this.eye.place(this.scene, extent, Math.floor(tall * hexWidth / hexHeight), tall)
    if (!columns) sized(this.movie, Math.floor(tall * across / height), tall)
    this.draw()
  }

  draw() {
    const {fps} = this.model
    this.frame = clamp(Math.floor(this.seconds * fps), 0, Math.max(0, this.frames - 1))
    this.root.dataset.frame = this.frame
    this.slider.value = this.frame
    const share = this.frames > 1 ? this.frame / (this.frames - 1) : 0
    this.slider.style.setProperty("--done", `${100 * share}%`)
    this.time.textContent = `${(this.frame / fps).toFixed(2)} s`
    this.drawMovie()
    this.drawEye()
  }

  drawMovie() {
    const image = this.images[this.model.order[this.frame]]
    const [width, height] = [this.movie.clientWidth, this.movie.clientHeight]
    if (!image || !width) return
    const context = this.movie.getContext("2d")
    context.drawImage(image, 0, 0, width, height)
    // The eye's corners, in columns from its centre; its rows are pixels too, so that it is not regular.
    const {extent} = this.model.esm_constants
    const scale = this.model.pixels * width / this.model.size[1]
    const [x, y] = [this.at[0] * width, this.at[1] * height]
    const reach = extent + 0.5
    const corners = [[0, -reach], [reach, -reach / 2], [reach, reach / 2], [0, reach],
      [-reach, reach / 2], [-reach, -reach / 2]]
    context.beginPath()
    for (const [right, down] of corners) context.lineTo(x + scale * right, y + scale * down)
    context.closePath()
    context.lineJoin = "round"
    context.strokeStyle = "rgb(0 0 0 / 0.75)"
    context.lineWidth = 4
    context.stroke()
    context.strokeStyle = "#fff"
    context.lineWidth = 1.8
    context.stroke()
    // What lies outside is not seen.
    context.rect(width, 0, -width, height)
    context.fillStyle = "rgb(0 0 0 / 0.5)"
    context.fill("evenodd")
  }

  drawEye() {
    const {eye, levels} = this
    if (!eye.columns) return
    this.busy.hidden = levels.length > 0 || !this.frames
    const context = sized(eye.canvas, eye.width, eye.height)
    context.clearRect(0, 0, eye.width, eye.height)
    const start = this.frame * this.scene.nColumns
    for (const i of eye.columns) {
      eye.path(context, i, FILL)
      context.fillStyle = GREYS[levels[start + i]] ?? "rgb(128 128 128 / 0.25)"
      context.fill()
    }
  }

  // -- the eye

  point(event) {
    const box = this.movie.getBoundingClientRect()
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
  }

  /** Move the eye's centre, but not beyond where the server lets it be. */
  move(at) {
    const [height, width] = this.model.size
    const reach = (this.model.esm_constants.extent + 0.5) * this.model.pixels
    this.at = [width, height].map((side, axis) => {
      const margin = Math.min(0.5, reach / side)
      return clamp(at[axis], margin, 1 - margin)
    })
    this.draw()
  }

  // -- the clock

  tick(now) {
    const elapsed = (now - (this.before ?? now)) / 1000
    this.before = now
    if (this.playing && this.frames > 1) {
      this.seconds = (this.seconds + elapsed) % (this.frames / this.model.fps)
      if (Math.floor(this.seconds * this.model.fps) !== this.frame) this.draw()
    }
    this.request = requestAnimationFrame((then) => this.tick(then))
  }

  showPlaying() {
    const label = this.playing ? "Pause" : "Play"
    this.button.setAttribute("aria-label", label)
    this.button.title = label
    this.button.querySelector("path").setAttribute("d", ICONS[label.toLowerCase()])
  }
}
