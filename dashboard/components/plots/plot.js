// One plot of curves on a canvas: axes, a thin grid, what is pointed at in words, and a zoom in x by
// dragging, which a double click takes back. Put before the code of a component.

const FONT = 11

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

/** Return about `count` round numbers from `low` to `high`. */
function roundTicks(low, high, count) {
  const rough = (high - low) / Math.max(count, 1)
  if (!(rough > 0) || !Number.isFinite(rough)) return [low]
  const unit = 10 ** Math.floor(Math.log10(rough))
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough * 0.999)
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({length: last - first + 1}, (_, k) => Number(((first + k) * step).toPrecision(12)))
}

/** Return a tick or a value with a true minus sign. */
function tickText(value) {
  const size = Math.abs(value)
  const text = size !== 0 && (size >= 1e5 || size < 1e-3) ? value.toExponential(0) : String(value)
  return text.replaceAll("-", "−")
}

function valueText(value) {
  if (!Number.isFinite(value)) return "–"
  return (Math.abs(value) >= 1e5 ? value.toExponential(3) : Number(value.toPrecision(5)).toString()).replaceAll("-", "−")
}

const powerText = (power) => {
  const digits = [...String(power)].map((d) => ({"-": "⁻"}[d] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[d])).join("")
  return Math.abs(power) <= 3 ? String(10 ** power) : `10${digits}`
}

class Plot {
  /**
   * `height` is in CSS pixels; `xLabel` is written below, `yLabel` beside the axis. `shared` are the
   * plots that zoom together with this one.
   */
  constructor({label, height, xLabel = "", yLabel = "", shared = []}) {
    Object.assign(this, {height, xLabel, yLabel, shared})
    Object.assign(this, {lines: [], log: null, marks: [], title: "", words: valueText, tick: tickText, ticks: roundTicks, fromZero: false})
    this.span = null // what is zoomed in on
    this.pointed = null
    this.canvas = element("canvas", {role: "img", "aria-label": label})
    this.tip = element("div", {class: "plot-tip", hidden: ""})
    this.root = element("div", "plot", this.canvas, this.tip)
    this.root.style.height = `${height}px`
    new ResizeObserver(() => this.draw()).observe(this.root)
    this.listen()
  }

  /**
   * Draw curves: each has `name`, `x`, `y`, `color`, `width`, `alpha` and `dash`; `band` names two
   * arrays over the same `x` between which its `bandColor` is filled in; `told` are values to tell
   * where they are not those drawn, and of what is `silent` none are; `marks` are upright lines;
   * `tick` writes a value of `x` beneath the axis; `ticks` finds those between two ends, about so many.
   * `fromZero` lets the other axis begin at 0, or end there.
   */
  show(lines, {log = null, marks = [], title = "", words = valueText, unit = "", tick = tickText, ticks = roundTicks, fromZero = false} = {}) {
    Object.assign(this, {lines, log, marks, title, words, unit, tick, ticks, fromZero})
    this.draw()
  }

  ranges() {
    const shown = this.lines.filter((line) => !line.hidden)
    const all = shown.flatMap((line) => [line.x[0], line.x.at(-1)]).filter(Number.isFinite)
    const full = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1]
    if (full[0] === full[1]) full[1] = full[0] + 1
    const [x0, x1] = this.span ?? full
    let [y0, y1] = this.fromZero ? [0, 0] : [Infinity, -Infinity]
    for (const {x, y} of shown) {
      for (let k = 0; k < x.length; k++) {
        if (x[k] < x0 || x[k] > x1 || !Number.isFinite(y[k])) continue
        y0 = Math.min(y0, y[k])
        y1 = Math.max(y1, y[k])
      }
    }
    if (this.log) [y0, y1] = this.log.map((power) => power)
    else if (!(y1 >= y0)) [y0, y1] = [0, 1]
    else {
      const pad = 0.06 * (y1 - y0) || Math.abs(y1) * 0.1 || 1
      if (!this.fromZero || y0 < 0) y0 -= pad
      if (!this.fromZero || y1 > 0) y1 += pad
    }
    return {x0, x1, y0, y1}
  }

  draw() {
    const width = this.root.clientWidth
    if (!width) return
    const {height} = this
    const context = sized(this.canvas, width, height)
    context.clearRect(0, 0, width, height)
    const {x0, x1, y0, y1} = this.ranges()
    const left = this.yLabel ? 56 : 48
    const box = {left, right: width - 10, top: this.title ? 22 : 8, bottom: height - (this.xLabel ? 40 : 8)}
    const X = (x) => box.left + (x - x0) / (x1 - x0) * (box.right - box.left)
    const Y = (y) => box.bottom - ((this.log ? Math.log10(y) : y) - y0) / (y1 - y0) * (box.bottom - box.top)
    this.axes = {...box, x0, x1, X, Y, inverse: (px) => x0 + (px - box.left) / (box.right - box.left) * (x1 - x0)}
    const [quiet, grid, ink] = [color("quiet"), color("line"), color("ink")]
    const family = getComputedStyle(this.root).fontFamily
    context.font = `${FONT}px ${family}`
    context.lineWidth = 1
    context.textBaseline = "middle"
    context.textAlign = "right"
    const tall = (box.bottom - box.top) / 26
    const levels = this.log
      ? Array.from({length: y1 - y0 + 1}, (_, k) => y1 - k).filter((_, k) => y1 - y0 <= 2 || k % 2 === 0)
      : roundTicks(y0, y1, Math.max(2, tall * 0.8))
    for (const level of levels) {
      const y = Math.round(box.bottom - (level - y0) / (y1 - y0) * (box.bottom - box.top)) + 0.5
      stroke(context, grid, [[box.left, y], [box.right, y]])
      context.fillStyle = quiet
      context.fillText(this.log ? powerText(level) : tickText(level), box.left - 8, y)
    }
    context.textAlign = "center"
    if (this.xLabel) {
      for (const x of this.ticks(x0, x1, (box.right - box.left) / 80)) {
        stroke(context, grid, [[Math.round(X(x)) + 0.5, box.bottom], [Math.round(X(x)) + 0.5, box.bottom + 4]])
        context.fillStyle = quiet
        context.fillText(this.tick(x), X(x), box.bottom + 12)
      }
      context.fillStyle = quiet
      context.fillText(this.xLabel, (box.left + box.right) / 2, height - 8)
    }
    if (this.yLabel) {
      context.save()
      context.translate(9, (box.top + box.bottom) / 2)
      context.rotate(-Math.PI / 2)
      context.fillStyle = quiet
      context.fillText(this.yLabel, 0, 0)
      context.restore()
    }
    if (this.title) {
      context.textAlign = "left"
      context.fillStyle = ink
      context.fillText(this.title, box.left - 2, 9)
    }
    context.save()
    context.beginPath()
    context.rect(box.left, box.top - 3, box.right - box.left, box.bottom - box.top + 6)
    context.clip()
    context.setLineDash([2, 3])
    for (const x of this.marks) stroke(context, quiet, [[Math.round(X(x)) + 0.5, box.top], [Math.round(X(x)) + 0.5, box.bottom]])
    context.lineJoin = "round"
    for (const line of this.lines.filter((one) => !one.hidden)) this.drawLine(context, line, X, Y)
    context.setLineDash([])
    context.globalAlpha = 1
    if (this.pointed !== null) {
      const x = Math.round(X(this.pointed)) + 0.5
      stroke(context, quiet, [[x, box.top], [x, box.bottom]])
    }
    if (this.dragged) {
      context.fillStyle = quiet
      context.globalAlpha = 0.15
      const [a, b] = this.dragged
      context.fillRect(Math.min(a, b), box.top, Math.abs(b - a), box.bottom - box.top)
    }
    context.restore()
  }

  drawLine(context, line, X, Y) {
    const points = (values) => Array.from(line.x, (x, k) => [X(x), Y(values[k])])
    if (line.band) {
      context.beginPath()
      for (const [x, y] of [...points(line.band[0]), ...points(line.band[1]).reverse()]) {
        if (Number.isFinite(y)) context.lineTo(x, y)
      }
      context.globalAlpha = line.bandAlpha ?? 0.25
      context.fillStyle = line.bandColor
      context.fill()
    }
    context.globalAlpha = line.alpha ?? 1
    context.lineWidth = line.width ?? 2
    context.setLineDash(line.dash ?? [])
    stroke(context, line.color, points(line.y))
    context.setLineDash([])
    context.globalAlpha = 1
    context.lineWidth = 1
  }

  // -- pointing and zooming

  listen() {
    const {canvas} = this
    const at = (event) => event.clientX - canvas.getBoundingClientRect().left
    canvas.addEventListener("pointermove", (event) => {
      if (this.dragged) {
        this.dragged[1] = at(event)
        this.draw()
      } else this.point(at(event))
    })
    canvas.addEventListener("pointerleave", () => this.point(null))
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.axes) return
      canvas.setPointerCapture(event.pointerId)
      this.dragged = [at(event), at(event)]
    })
    canvas.addEventListener("pointerup", () => {
      const [a, b] = (this.dragged ?? [0, 0]).map((px) => this.axes.inverse(px)).sort((m, n) => m - n)
      const wide = this.dragged && Math.abs(this.dragged[1] - this.dragged[0]) > 8
      this.dragged = null
      if (wide) this.zoom([Math.max(a, this.axes.x0), Math.min(b, this.axes.x1)])
      else this.draw()
    })
    canvas.addEventListener("dblclick", () => this.zoom(null))
  }

  zoom(span) {
    for (const plot of [this, ...this.shared]) {
      plot.span = span
      plot.draw()
    }
  }

  point(px) {
    const {axes} = this
    const inside = px !== null && axes && px >= axes.left && px <= axes.right
    const x = inside ? axes.inverse(px) : null
    const told = []
    let nearest = null
    for (const line of inside ? this.lines.filter((one) => !one.hidden && !one.silent) : []) {
      let best = -1
      for (let k = 0; k < line.x.length; k++) {
        if (best < 0 || Math.abs(line.x[k] - x) < Math.abs(line.x[best] - x)) best = k
      }
      if (best < 0 || Math.abs(axes.X(line.x[best]) - px) > 12) continue
      told.push([line, line.x[best], (line.told ?? line.y)[best]])
      if (nearest === null || Math.abs(line.x[best] - x) < Math.abs(nearest - x)) nearest = line.x[best]
    }
    this.pointed = nearest
    this.draw()
    this.tip.hidden = !told.length
    if (!told.length) return
    this.tip.replaceChildren(element("em", {}, `${this.words(nearest)} ${this.unit}`),
      ...told.map(([line, , y]) => {
        const dot = element("i")
        dot.style.background = line.color
        return element("span", {}, dot, `${line.name} `, element("b", {}, valueText(y)))
      }))
    const room = this.root.clientWidth - this.tip.offsetWidth
    const left = px + 14 > room ? px - 14 - this.tip.offsetWidth : px + 14
    this.tip.style.left = `${Math.max(0, left)}px`
  }
}
