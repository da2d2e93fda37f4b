// The movie that is painted, in the browser: levels by frame and column, what undoes a change, and what the
// server is to be told of it.

const MOST_UNDONE = 40
const MOST_POSITIONS = 300 // in one edit, as the server takes
const MOST_EDITS = 60
const PATIENCE = 400 // milliseconds after which what is new is sent though the last was not answered
const KEPT_PAINTING = "maxstim-painting"
const MIRRORED = [(u, v) => [u, v], (u, v) => [u + v, -v], (u, v) => [-u, u + v], (u, v) => [-v, -u]]

class PaintedMovie {
  /** `send` tells the server; `changed` is called when there is something else to draw. */
  constructor(send, changed) {
    Object.assign(this, {send, changed, past: [], future: [], edits: [], serial: 0, asked: 0, askedAt: 0, frames: 0})
  }

  /** Take a painting from the server: what one begins with, or starts from. */
  take(block) {
    const same = this.scene && this.scene.nColumns === block.u.length
    if (same && block.undoable) this.begin()
    else if (!same) Object.assign(this, {past: [], future: []})
    if (!same) this.scene = placeColumns({u: block.u, v: block.v})
    Object.assign(this, {frames: block.frames, dt: block.dt, white: block.white, grey: block.grey,
      levels: block.levels, generation: block.generation, edits: [], serial: 0, asked: 0})
    if (block.fresh) this.recall()
    else this.keep()
    this.changed()
  }

  get state() {
    return {frames: this.frames, dt: this.dt, levels: this.levels.slice()}
  }

  /** Remember how it is now, before something is done that can be undone. */
  begin() {
    this.past = [...this.past.slice(1 - MOST_UNDONE), this.state]
    this.future = []
  }

  undo() {
    this.exchange(this.past, this.future)
  }

  redo() {
    this.exchange(this.future, this.past)
  }

  exchange(from, to) {
    const state = from.pop()
    if (!state) return
    to.push(this.state)
    this.replace(state)
  }

  /** Become another movie, and tell the server which frames differ. */
  replace({frames, dt, levels}) {
    const n = this.scene.nColumns
    const differs = (k) => levels.subarray(k * n, (k + 1) * n).some((level, i) => level !== this.levels[k * n + i])
    let [first, stop] = [0, frames]
    if (frames !== this.frames || dt !== this.dt) this.edits.push(["blank", frames, dt])
    else {
      while (first < stop && !differs(first)) first++
      while (stop > first && !differs(stop - 1)) stop--
    }
    Object.assign(this, {frames, dt, levels})
    if (stop > first) this.edits.push(["frames", first, levels.slice(first * n, stop * n).buffer])
    this.done()
  }

  /** Return the columns that a brush covers where its middle passes over some. */
  covered(columns, {radius, mirror}) {
    const {u, v, index} = this.scene
    const found = new Set()
    for (const i of columns) {
      for (let du = -radius; du <= radius; du++) {
        for (let dv = Math.max(-radius, -radius - du); dv <= Math.min(radius, radius - du); dv++) {
          for (const axis of new Set([0, mirror])) {
            const [a, b] = MIRRORED[axis](u[i] + du, v[i] + dv)
            const at = index.get(`${a + 0},${b + 0}`)
            if (at !== undefined) found.add(at)
          }
        }
      }
    }
    return found
  }

  /** Paint where the middle of the brush passes, in frames from `first` to before `stop`. */
  paint(columns, brush, level, first, stop) {
    const n = this.scene.nColumns
    const covered = this.covered(columns, brush)
    for (let k = first; k < stop; k++) for (const i of covered) this.levels[k * n + i] = level
    const how = [level, first, stop, brush.radius, brush.mirror]
    const last = this.edits.at(-1)
    if (last?.[0] === "brush" && last[1].length + columns.length <= MOST_POSITIONS && how.every((one, k) => one === last[k + 2])) last[1].push(...columns)
    else this.edits.push(["brush", columns.slice(0, MOST_POSITIONS), ...how])
    this.done()
  }

  /** Copy a frame over those that follow, to before `stop`. */
  copyForward(frame, stop) {
    if (stop <= frame + 1) return
    const n = this.scene.nColumns
    for (let k = frame + 1; k < stop; k++) this.levels.copyWithin(k * n, frame * n, (frame + 1) * n)
    this.edits.push(["copy", frame, stop])
    this.done()
  }

  setLength(frames) {
    const levels = new Uint8Array(frames * this.scene.nColumns).fill(this.grey)
    levels.set(this.levels.subarray(0, levels.length))
    Object.assign(this, {frames, levels})
    this.edits.push(["length", frames])
    this.done()
  }

  blank() {
    this.levels.fill(this.grey)
    this.edits.push(["blank", this.frames, this.dt])
    this.done()
  }

  done() {
    this.keepSoon()
    this.flush()
    this.changed()
  }

  /** Send what is new, unless the server has not answered what was sent before. */
  flush() {
    if (!this.edits.length) return
    const wait = this.asked ? this.askedAt + PATIENCE - performance.now() : 0
    clearTimeout(this.later)
    if (wait > 0) {
      this.later = setTimeout(() => this.flush(), wait)
      return
    }
    this.serial++
    Object.assign(this, {asked: this.serial, askedAt: performance.now()})
    this.send({edits: this.edits.splice(0, MOST_EDITS), serial: this.serial, generation: this.generation})
    if (this.edits.length) this.later = setTimeout(() => this.flush(), PATIENCE)
  }

  /** Note an answer; tell whether it is of this painting. */
  answered({serial, generation}) {
    if (generation !== this.generation) return false
    if (serial >= this.asked) {
      this.asked = 0
      this.flush()
    }
    return true
  }

  /** Whether the server has answered everything. */
  get settled() {
    return !this.edits.length && !this.asked
  }

  energy(frame) {
    const n = this.scene.nColumns
    let sum = 0
    for (let i = frame * n; i < (frame + 1) * n; i++) sum += (this.levels[i] - this.grey) ** 2
    return sum / this.white ** 2
  }

  keepSoon() {
    clearTimeout(this.keeping)
    this.keeping = setTimeout(() => this.keep(), 300)
  }

  /** Keep it in this tab of the browser, for when the page is loaded again. */
  keep() {
    let text = ""
    for (let at = 0; at < this.levels.length; at += 8192) text += String.fromCharCode(...this.levels.subarray(at, at + 8192))
    try {
      sessionStorage.setItem(KEPT_PAINTING, JSON.stringify({frames: this.frames, dt: this.dt, columns: this.scene.nColumns, levels: btoa(text)}))
    } catch {} // a browser that keeps nothing
  }

  /** Go on with what this tab has kept, where it is for the same eye. */
  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT_PAINTING))
      const levels = Uint8Array.from(atob(kept.levels), (letter) => letter.charCodeAt(0))
      if (kept.columns !== this.scene.nColumns || levels.length !== kept.frames * kept.columns) return
      if (levels.some((level) => level !== this.grey)) this.replace({frames: kept.frames, dt: kept.dt, levels})
    } catch {} // nothing was kept, or something else
  }

  destroy() {
    clearTimeout(this.later)
    clearTimeout(this.keeping)
    if (this.scene) this.keep()
  }
}
