// Parallel coordinates and a scatter of two goals: dragging over either selects, a click takes it back.

const LOG_STEPS = [[1, 2, 3, 5], [1, 2, 5], [1, 3], [1]] // ticks within a factor of ten, the densest first

/** Return the ticks of an axis: two at least, where its ends are two, and about `count`. */
function axisTicks({low, high, isLog}, count) {
  if (high === low) return [low]
  const most = Math.max(3, count)
  if (isLog) {
    const [first, last] = [low, high].map((end) => Math.floor(Math.log10(end)))
    const tens = Array.from({length: last - first + 1}, (_, k) => 10 ** (first + k))
    const found = LOG_STEPS.map((steps) => tens.flatMap((ten) => steps.map((step) => step * ten))
      .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001)).find((ticks) => ticks.length <= most)
    if (found?.length > 1) return found
  }
  for (let n = most; n < 8 * most; n *= 2) {
    const found = roundTicks(low, high, n)
    if (found.length > 1) return found
  }
  return [low, high]
}

/** Return numbers of an axis in words: in three digits, or as many as it takes to tell them apart. */
function apart(numbers) {
  const words = (digits) => numbers.map((one) => {
    const rounded = Number(one.toPrecision(digits))
    return digits > 5 ? String(rounded).replaceAll("-", "−") : valueText(rounded)
  })
  const differ = (digits) => new Set(words(digits)).size === new Set(numbers).size
  return words([3, 4, 5, 7, 9, 12].find(differ) ?? 15)
}

/** Return a text cut, where it must be, to so many pixels. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text
  let n = text.length
  while (n > 1 && context.measureText(`${text.slice(0, n).trimEnd()}…`).width > room) n--
  return `${text.slice(0, n).trimEnd()}…`
}

/** What both plots share: a canvas, the rows, what is dragged. */
class LinkedPlot {
  constructor(selection, label, height) {
    Object.assign(this, {selection, height, rows: [], columns: [], dragged: null})
    this.canvas = element("canvas", {role: "img", "aria-label": label})
    this.root = element("div", "linked", this.canvas)
    this.root.style.height = `${height}px`
    this.sizes = new ResizeObserver(() => this.draw())
    this.sizes.observe(this.root)
    selection.listeners.push(() => this.draw())
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect()
      return [event.clientX - box.left, event.clientY - box.top]
    }
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return
      this.canvas.setPointerCapture(event.pointerId)
      this.dragged = [at(event), at(event)]
    })
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.dragged) return
      this.dragged[1] = at(event)
      this.draw()
    })
    this.canvas.addEventListener("pointerup", () => {
      if (!this.dragged) return
      const [[ax, ay], [bx, by]] = this.dragged
      this.dragged = null
      if (Math.hypot(bx - ax, by - ay) < 5) this.click([ax, ay])
      else this.select([Math.min(ax, bx), Math.max(ax, bx)], [Math.min(ay, by), Math.max(ay, by)])
      this.draw()
    })
  }

  show(columns, rows) {
    this.columns = columns
    this.rows = rows.filter(({state}) => state === "done")
    this.draw()
  }

  /** Return the ends of a column over all rows, and where a value lies between them, 0 to 1. */
  axis(k) {
    const values = this.rows.map((row) => row.values[k]).filter((value) => value !== null)
    const isLog = this.columns[k].log && values.every((value) => value > 0)
    const of = (value) => isLog ? Math.log10(value) : value
    let low = values.reduce((a, b) => Math.min(a, b), Infinity)
    let high = values.reduce((a, b) => Math.max(a, b), -Infinity)
    if (!values.length) [low, high] = [0, 1]
    const part = (value) => high === low ? 0.5 : (of(value) - of(low)) / (of(high) - of(low))
    return {low, high, part, isLog}
  }

  begin() {
    const width = this.root.clientWidth
    if (!width) return null
    const context = sized(this.canvas, width, this.height)
    context.clearRect(0, 0, width, this.height)
    context.font = `${FONT}px ${getComputedStyle(this.root).fontFamily}`
    return [context, width]
  }

  /** Draw rows that are not selected, then those of the front, then those selected. */
  inOrder() {
    const {size} = this.selection.ids
    const strong = clamp(40 / size, 0.3, 0.9) // many lines cover one another
    const rank = (row) => this.selection.has(row.id) ? 2 : row.front ? 1 : 0
    return [...this.rows].sort((a, b) => rank(a) - rank(b)).map((row) => ({row,
      chosen: this.selection.has(row.id), alpha: !size ? 0.7 : this.selection.has(row.id) ? strong : 0.2}))
  }

  shade(context, box) {
    if (!this.dragged) return
    context.globalAlpha = 0.15
    context.fillStyle = color("ink")
    context.fillRect(...box)
    context.globalAlpha = 1
  }
}

const NAME_ROW = 14 // pixels between two rows of names
const MOST_NAME_ROWS = 3

class ParallelPlot extends LinkedPlot {
  constructor(selection) {
    super(selection, "Parallel coordinates of all runs; drag along an axis to select", 250)
  }

  draw() {
    const begun = this.begin()
    if (!begun || !this.columns.length) return
    const [context, width] = begun
    const n = this.columns.length
    const [left, right, bottom] = [46, width - 46, this.height - 22]
    const room = (right - left) / Math.max(1, n - 1)
    const names = this.columns.map(({label, better}) => label + ({1: " ↑", "-1": " ↓"}[better] ?? ""))
    // Names stand in as many rows as it takes for none to touch another.
    const widest = Math.max(...names.map((name) => context.measureText(name).width)) + 10
    const nRows = clamp(Math.ceil(widest / room), 1, MOST_NAME_ROWS)
    const top = NAME_ROW * nRows + 20
    this.axes = this.columns.map((column, k) => ({...this.axis(k), x: n > 1 ? left + k * (right - left) / (n - 1) : width / 2}))
    const Y = (axis, value) => bottom - axis.part(value) * (bottom - top)
    Object.assign(this, {top, bottom, Y})
    const [accent, ink, quiet] = ["accent", "ink", "quiet"].map(color)
    context.lineWidth = 1.3
    for (const {row, chosen, alpha} of this.inOrder()) {
      context.globalAlpha = alpha
      stroke(context, chosen ? accent : row.front ? ink : quiet,
        this.axes.map((axis, k) => [axis.x, row.values[k] === null ? NaN : Y(axis, row.values[k])]))
    }
    context.globalAlpha = 1
    context.textAlign = "center"
    context.textBaseline = "middle"
    this.axes.forEach((axis, k) => {
      stroke(context, ink, [[axis.x + 0.5, top], [axis.x + 0.5, bottom]])
      context.fillStyle = ink
      const name = fitted(context, names[k], nRows * room - 10)
      const half = context.measureText(name).width / 2
      context.fillText(name, clamp(axis.x, half, Math.max(half, width - half)), 8 + NAME_ROW * (k % nRows))
      context.fillStyle = quiet
      const [low, high] = apart([axis.low, axis.high])
      context.fillText(high, axis.x, top - 9)
      if (low !== high) context.fillText(low, axis.x, bottom + 10) // of one value, once
    })
    if (this.dragged) {
      const [[ax, ay], [, by]] = this.dragged
      const axis = this.nearest(ax)
      this.shade(context, [axis.x - 10, Math.min(ay, by), 20, Math.abs(by - ay)])
    }
  }

  nearest(px) {
    return this.axes.reduce((best, axis) => Math.abs(axis.x - px) < Math.abs(best.x - px) ? axis : best)
  }

  select([x], [y0, y1]) {
    const axis = this.nearest(x)
    const k = this.axes.indexOf(axis)
    this.selection.set(this.rows.filter(({values}) => {
      const y = values[k] === null ? NaN : this.Y(axis, values[k])
      return y >= y0 && y <= y1
    }).map(({id}) => id))
  }

  click() {
    this.selection.set([])
  }
}

class ScatterPlot extends LinkedPlot {
  constructor(selection) {
    super(selection, "Scatter of two goals; drag a box to select", 250)
    this.chosen = [null, null]
    this.selects = ["Across", "Up"].map((label, k) => {
      const select = element("select", {"aria-label": `${label}: which number`})
      select.addEventListener("change", () => {
        this.chosen[k] = Number(select.value)
        this.draw()
      })
      return select
    })
  }

  show(columns, rows) {
    const told = JSON.stringify(columns)
    if (told !== this.told) {
      this.told = told
      for (const select of this.selects) select.replaceChildren(...columns.map(({label}, k) => element("option", {value: k}, label)))
      const goals = columns.flatMap(({kind}, k) => kind === "goal" ? [k] : [])
      this.chosen = [goals[1] ?? 0, goals[0] ?? 0]
      this.selects.forEach((select, k) => { select.value = this.chosen[k] })
    }
    super.show(columns, rows)
  }

  draw() {
    const begun = this.begin()
    if (!begun || !this.columns.length) return
    const [context, width] = begun
    const [left, right, top, bottom] = [56, width - 14, 12, this.height - 40]
    const [a, b] = this.chosen.map((k) => this.axis(k))
    const X = (value) => left + (0.04 + 0.92 * a.part(value)) * (right - left)
    const Y = (value) => bottom - (0.06 + 0.88 * b.part(value)) * (bottom - top)
    this.point = ({values: v}) => [X(v[this.chosen[0]]), Y(v[this.chosen[1]])]
    const [accent, ink, quiet] = ["accent", "ink", "quiet"].map(color)
    context.lineWidth = 1
    stroke(context, color("line"), [[left, top], [left, bottom], [right, bottom]])
    context.textBaseline = "middle"
    context.fillStyle = quiet
    context.textAlign = "center"
    const across = axisTicks(a, (right - left) / 90)
    apart(across).forEach((text, k) => context.fillText(text, X(across[k]), bottom + 12))
    context.textAlign = "right"
    const up = axisTicks(b, 4)
    apart(up).forEach((text, k) => context.fillText(text, left - 8, Y(up[k])))
    const name = (k) => `${this.columns[k].label}${this.columns[k].unit ? ` (${this.columns[k].unit})` : ""}`
    context.textAlign = "center"
    context.fillText(name(this.chosen[0]), (left + right) / 2, this.height - 10)
    context.save()
    context.translate(8, (top + bottom) / 2)
    context.rotate(-Math.PI / 2)
    context.fillText(name(this.chosen[1]), 0, 0)
    context.restore()
    for (const {row, chosen, alpha} of this.inOrder()) {
      const [x, y] = this.point(row)
      if (!Number.isFinite(x + y) || row.values[this.chosen[0]] === null || row.values[this.chosen[1]] === null) continue
      context.globalAlpha = alpha
      context.beginPath()
      context.arc(x, y, row.front ? 5 : 3.5, 0, 2 * Math.PI)
      context.fillStyle = chosen ? accent : row.front ? ink : quiet
      context.fill()
    }
    context.globalAlpha = 1
    if (this.dragged) {
      const [[ax, ay], [bx, by]] = this.dragged
      this.shade(context, [Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay)])
    }
  }

  select([x0, x1], [y0, y1]) {
    this.selection.set(this.rows.filter((row) => {
      const [x, y] = this.point(row)
      return x >= x0 && x <= x1 && y >= y0 && y <= y1
    }).map(({id}) => id))
  }

  click([px, py]) {
    const near = this.rows.map((row) => [Math.hypot(...this.point(row).map((at, k) => at - [px, py][k])), row])
      .filter(([off]) => off < 10).sort(([a], [b]) => a - b)
    if (near.length) this.selection.toggle(near[0][1].id)
    else this.selection.set([])
  }
}
