// What everything that draws hexagons shares: unpacking, the eye, colors, and a canvas of hexagons.
// Put before the code of a component (see `dashboard.components.esm`).

const SQRT3 = Math.sqrt(3)
const FILL = 0.95 // side of a drawn hexagon relative to its cell: what is left is a thin gap
const GROUND = 1.05 // the same of the ground beneath it
const THEMES = {
  light: {
    ink: "#16201f", quiet: "#54615f", line: "#d5dcdb", grid: "#e8edec", accent: "#0b7a6d",
    ground: "#e6ebea", paper: "#ffffff", others: ["#b4570a", "#2f6fb0", "#9a4f87", "#6b6b00"],
  },
  dark: {
    ink: "#e8edec", quiet: "#9aa7a5", line: "#3d484b", grid: "#2b3437", accent: "#3cc9b4",
    ground: "#2b3437", paper: "#1a2022", others: ["#f0a35a", "#7fb6ec", "#dd9dcb", "#cfcf5a"],
  },
}
const GREYS = Array.from({length: 256}, (_, level) => `rgb(${level},${level},${level})`)

/** Return header and typed arrays of a block that `component.pack` made, or null if it is empty. */
function unpack(block) {
  if (!block || block.byteLength < 4) return null
  const [buffer, start] = ArrayBuffer.isView(block) ? [block.buffer, block.byteOffset] : [block, 0]
  const size = new DataView(buffer, start).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, start + 4, size)))
  const arrays = {}
  let at = start + 4 + size
  for (const {name, dtype, shape} of header.arrays) {
    const length = shape.reduce((product, n) => product * n, 1)
    const kind = {float32: Float32Array, int16: Int16Array, uint8: Uint8Array}[dtype]
    const bytes = length * kind.BYTES_PER_ELEMENT
    arrays[name] = new kind(buffer.slice(at, at + bytes))
    at += bytes + (-bytes & 3)
  }
  return {...header, ...arrays}
}

/** Add to a decoded block what drawing needs: where its columns lie, their rings, the central one. */
function placeColumns(scene) {
  const {u, v} = scene
  scene.nColumns = u.length
  scene.x = Float64Array.from(u, (_, i) => 1.5 * v[i])
  scene.y = Float64Array.from(u, (_, i) => -SQRT3 * (u[i] + v[i] / 2)) // upwards
  scene.ring = Float64Array.from(u, (_, i) =>
    (Math.abs(u[i]) + Math.abs(v[i]) + Math.abs(u[i] + v[i])) / 2)
  scene.extent = scene.ring.reduce((a, b) => Math.max(a, b), 0)
  scene.index = new Map(Array.from(u, (_, i) => [`${u[i]},${v[i]}`, i]))
  scene.center = scene.index.get("0,0") ?? 0
  return scene
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high)

/** Return a number with a true minus sign and about three digits, or a dash for no value. */
function number(value, digits = null) {
  if (value === null || !Number.isFinite(value)) return "–"
  const size = Math.abs(value)
  const decimals = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 || size === 0 ? 2 : 3)
  const text = size > 0 && size < 0.001 && digits === null
    ? value.toExponential(1) : value.toFixed(decimals)
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−")
}

/** Give a canvas a size in CSS pixels at the full resolution of the screen; return its context. */
function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w
    canvas.height = h
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
  }
  const context = canvas.getContext("2d")
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  return context
}

/** Draw a line through points; it is interrupted where one has no finite height. */
function stroke(context, color, points) {
  context.strokeStyle = color
  context.beginPath()
  let started = false
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) started = false
    else if (started) context.lineTo(x, y)
    else context.moveTo(x, y), (started = true)
  }
  context.stroke()
}

/** Draws frames of hexagons on a canvas; `fill` and `ground` are sides relative to a cell. */
class HexCanvas {
  constructor(canvas, fill = FILL, ground = GROUND) {
    Object.assign(this, {canvas, fill, ground})
  }

  /** Fix where each visible column lies, in CSS pixels. */
  place(scene, rings, width, height) {
    Object.assign(this, {width, height, scene, rings})
    this.scale = Math.min(width / (3 * rings + 2), height / (SQRT3 * (2 * rings + 1)))
    this.columns = []
    for (let i = 0; i < scene.nColumns; i++) if (scene.ring[i] <= rings) this.columns.push(i)
    sized(this.canvas, width, height)
  }

  position(i) {
    const {x, y} = this.scene
    return [this.width / 2 + this.scale * x[i], this.height / 2 - this.scale * y[i]]
  }

  path(context, i, fill) {
    const [cx, cy] = this.position(i)
    const a = this.scale * fill
    const b = a * SQRT3 / 2
    context.beginPath()
    context.moveTo(cx + a, cy)
    context.lineTo(cx + a / 2, cy + b)
    context.lineTo(cx - a / 2, cy + b)
    context.lineTo(cx - a, cy)
    context.lineTo(cx - a / 2, cy - b)
    context.lineTo(cx + a / 2, cy - b)
    context.closePath()
  }

  /** Draw one frame; `color` maps a finite value to CSS. Columns without a value are outlines. */
  draw(values, offset, color, theme, hovered) {
    const context = sized(this.canvas, this.width, this.height)
    context.clearRect(0, 0, this.width, this.height)
    context.strokeStyle = theme.line
    context.lineWidth = 0.7
    // A faint ground under the hexagons keeps white ones apart from a white page, black from a dark.
    context.fillStyle = theme.ground
    const filled = []
    for (const i of this.columns) {
      const finite = values && Number.isFinite(values[offset + i])
      this.path(context, i, finite ? this.ground : this.fill)
      if (finite) context.fill()
      else context.stroke()
      if (finite) filled.push(i)
    }
    for (const i of filled) {
      this.path(context, i, this.fill)
      context.fillStyle = color(values[offset + i])
      context.fill()
    }
    this.mark(context, this.scene.center, theme.accent, 1.2)
    if (hovered !== null && this.scene.ring[hovered] <= this.rings) {
      this.mark(context, hovered, "#000", 3.5)
      this.mark(context, hovered, "#fff", 1.8)
    }
    return context
  }

  mark(context, i, color, width) {
    this.path(context, i, 1)
    context.strokeStyle = color
    context.lineWidth = width
    context.stroke()
  }

  /** Return the visible column under a point of the canvas, or null. */
  columnAt(px, py) {
    const x = (px - this.width / 2) / this.scale
    const y = (this.height / 2 - py) / this.scale
    // Cube rounding: the nearest of the three rounded coordinates is rebuilt from the other two.
    const exact = [-x / 3 - y / SQRT3, 2 * x / 3, -x / 3 + y / SQRT3]
    const near = exact.map(Math.round)
    const off = exact.map((value, k) => Math.abs(value - near[k]))
    const worst = off.indexOf(Math.max(...off))
    near[worst] = -(near[(worst + 1) % 3] + near[(worst + 2) % 3])
    const i = this.scene.index.get(`${near[0] + 0},${near[1] + 0}`)
    return i !== undefined && this.scene.ring[i] <= this.rings ? i : null
  }
}
