// The response of the central cell over time, with the answer to beat, and the frame that is painted.

const TRACE_HEIGHT = 116 // as in the stylesheet

class PaintTrace {
  /** `seek` is called with the frame that is pointed at. */
  constructor(movie, seek) {
    Object.assign(this, {movie, response: null, rival: null})
    this.canvas = element("canvas", {role: "img", "aria-label": "Response of the central cell over time", "data-testid": "paint-trace"})
    this.root = element("div", "paint-trace", this.canvas)
    const at = (event) => {
      if (!movie.frames) return
      const box = this.canvas.getBoundingClientRect()
      seek(clamp(Math.floor((event.clientX - box.left - this.left) / (box.width - this.left - 8) * movie.frames), 0, movie.frames - 1))
    }
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId)
      at(event)
    })
    this.canvas.addEventListener("pointermove", (event) => this.canvas.hasPointerCapture(event.pointerId) && at(event))
    this.left = 46
  }

  draw(frame, theme, rival) {
    const {movie, response, left} = this
    const width = this.root.clientWidth
    if (!width || !movie.frames) return
    const context = sized(this.canvas, width, TRACE_HEIGHT)
    context.clearRect(0, 0, width, TRACE_HEIGHT)
    const [right, top, bottom] = [width - 8, 8, TRACE_HEIGHT - 26]
    const trace = response?.trace ?? []
    const values = [0, 0.01, ...trace, ...rival?.trace ?? []]
    const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))]
    const X = (k) => left + (k + 0.5) / movie.frames * (right - left)
    const Y = (value) => bottom - (value - low) / (high - low) * (bottom - top)
    context.font = `${FONT}px ${getComputedStyle(this.root).fontFamily}`
    context.textBaseline = "middle"
    context.fillStyle = theme.quiet
    context.lineWidth = 1
    context.textAlign = "right"
    for (const tick of roundTicks(low, high, 3)) {
      stroke(context, theme.grid, [[left, Y(tick)], [right, Y(tick)]])
      context.fillText(tickText(tick), left - 6, Y(tick))
    }
    context.textAlign = "center"
    for (const ms of roundTicks(0, 1000 * movie.frames * movie.dt, width / 110)) {
      const k = ms / (1000 * movie.dt) - 0.5
      if (k <= movie.frames) context.fillText(`${ms} ms`, clamp(X(k), left + 16, right - 22), bottom + 14)
    }
    // How much contrast each frame has, beneath.
    const energies = Array.from({length: movie.frames}, (_, k) => movie.energy(k))
    const most = energies.reduce((a, b) => Math.max(a, b), 1)
    context.globalAlpha = 0.22
    energies.forEach((energy, k) => {
      const size = energy / most * (bottom - top) * 0.5
      context.fillRect(X(k - 0.4), bottom - size, 0.8 * (right - left) / movie.frames, size)
    })
    context.globalAlpha = 1
    if (rival) {
      context.setLineDash([4, 3])
      context.lineWidth = 1.4
      stroke(context, theme.others[0], Array.from(rival.trace, (value, k) => [X((k + 0.5) * rival.dt / movie.dt - 0.5), Y(value)]).filter(([x]) => x <= right))
      context.setLineDash([])
    }
    context.lineWidth = 2
    stroke(context, theme.accent, Array.from(trace, (value, k) => [X(k), Y(value)]))
    stroke(context, theme.ink, [[X(frame), top], [X(frame), bottom]])
    if (frame < trace.length) {
      context.beginPath()
      context.arc(X(frame), Y(trace[frame]), 3.5, 0, 2 * Math.PI)
      context.fillStyle = theme.ink
      context.fill()
    }
  }
}

/** A number of the score: what rounding leaves of grey is nothing. */
const shortNumber = (value) => number(Math.abs(value) < 5e-4 ? 0 : value)

/** How the painting stands against the optimizer: response and contrast energy of both. */
class PaintScore {
  constructor() {
    const cells = () => [element("td"), element("td")]
    this.mine = cells()
    this.theirs = cells()
    this.unit = element("th", {scope: "col"})
    const row = (name, found) => element("tr", {}, element("th", {scope: "row"}, name), ...found)
    this.words = element("p", {class: "verdict", role: "status", "data-testid": "paint-verdict"})
    this.table = element("table", {"data-testid": "paint-score"},
      element("thead", {}, element("tr", {}, element("td"), this.unit, element("th", {scope: "col"}, "Contrast energy"))),
      element("tbody", {}, row("Yours", this.mine), row("The optimizer’s", this.theirs)))
    this.root = element("div", "score", element("h2", {}, "Can you beat the optimizer?"), this.table, this.words)
  }

  /** Show a response beside what was `found` to beat; null while that is looked for. */
  show(response, found) {
    const rival = found?.there ? found : null
    const unit = response?.unit ?? "RMS"
    this.unit.textContent = unit === "RMS" ? "Peak, RMS above grey" : "Peak, a.u. above grey"
    const put = (cells, one) => cells.forEach((cell, k) => { cell.textContent = one ? shortNumber([one.above_grey, one.energy][k]) : "–" })
    put(this.mine, response)
    put(this.theirs, rival)
    Object.assign(this.table.dataset, {response: response?.above_grey ?? "", energy: response?.energy ?? "", rival: rival?.above_grey ?? ""})
    const text = this.verdict(response, found)
    if (this.words.textContent !== text) this.words.textContent = text
  }

  verdict(response, rival) {
    if (!response) return "The network is being opened …"
    if (!rival) return "Looking for the answer to beat …"
    if (!rival.there) return `No generated answer of ${rival.cell_type}${rival.silenced ? ` with ${rival.silenced} silenced` : ""} in this network is stored yet; run one to have something to beat.`
    if (response.energy < 1e-6) return "Nothing is painted yet: draw on the hexagons."
    const percent = (share) => share > 10 ? `${Math.round(share)} times` : `${Math.round(100 * share)} % of`
    const [share, spent] = [response.above_grey / rival.above_grey, response.energy / rival.energy]
    if (!(rival.above_grey > 0)) return ""
    if (share >= 1) return spent <= 1 ? "You beat the optimizer, with no more contrast." : `You beat the optimizer’s response, with ${percent(spent)} its contrast energy.`
    return `${percent(share)} the optimizer’s response, with ${percent(spent)} its contrast energy.`.replaceAll("-", "−")
  }
}
