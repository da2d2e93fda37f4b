// The table of runs: sorted, filtered, and drawn as far as it is in sight, so that 500 rows cost what 20 do.

const ROW_HEIGHT = 34
const STAR_PATH = "M12 17.27 18.18 21l-1.64-7.03L22 9.24l-7.19-.61L12 2 9.19 8.63 2 9.24l5.46 4.73L5.82 21z"

function clockTime(seconds) {
  return seconds === null ? "–" : new Date(1000 * seconds).toLocaleTimeString([], {hour: "2-digit", minute: "2-digit", second: "2-digit"})
}

class RunTable {
  /** `send` is called with what is to be kept: stars and notes; or with a stored run to take out. */
  constructor(selection, send) {
    Object.assign(this, {selection, send, columns: [], rows: [], sort: null, way: 1})
    this.words = element("input", {type: "search", class: "find", placeholder: "Filter: words, or lr < 0.01", "aria-label": "Filter runs"})
    this.words.addEventListener("input", () => this.arrange())
    const box = (label) => {
      const input = element("input", {type: "checkbox"})
      input.addEventListener("change", () => this.arrange())
      return [input, element("label", "switch", input, label)]
    }
    const [[front, frontLabel], [starred, starredLabel], [selected, selectedLabel]] =
      ["Pareto front", "Starred", "Selected"].map(box)
    Object.assign(this, {front, starred, selected})
    this.count = element("span", {class: "small quiet", role: "status"})
    this.head = element("tr")
    this.body = element("tbody")
    this.table = element("table", {"aria-label": "Runs of the sweep"}, element("thead", {}, this.head), this.body)
    this.scroller = element("div", {class: "scroller", tabindex: 0, role: "region", "aria-label": "Table of runs"}, this.table)
    this.scroller.addEventListener("scroll", () => this.draw())
    new ResizeObserver(() => this.draw()).observe(this.scroller)
    this.root = element("section", {class: "card", "aria-label": "Table", "data-testid": "sweep-table"},
      element("div", "bar", element("h2", {}, "Runs"), this.words, frontLabel, starredLabel, selectedLabel, this.count),
      this.scroller)
    selection.listeners.push(() => this.selected.checked ? this.arrange() : this.draw())
  }

  show(columns, rows) {
    if (JSON.stringify(columns) !== this.told) {
      this.told = JSON.stringify(columns)
      this.columns = columns
      this.heads()
    }
    this.rows = rows
    this.arrange()
  }

  heads() {
    const about = [{key: "order", label: "Run"}, ...this.columns.map(({label, unit, name}, k) =>
      ({key: k, label: unit ? `${label} (${unit})` : label, name})), {key: "finished", label: "Finished"}, {key: "note", label: "Note"}]
    this.heads_ = about.map(({key, label, name}) => {
      const button = element("button", {type: "button", class: "head", title: name ? `In filters: ${name}` : ""}, label)
      button.addEventListener("click", () => {
        this.way = this.sort === key ? -this.way : 1
        this.sort = key
        this.arrange()
      })
      return [key, element("th", {scope: "col", ...(typeof key === "number" || key === "finished" ? {class: "number"} : {})}, button)]
    })
    this.head.replaceChildren(element("td"), element("td"), ...this.heads_.map(([, cell]) => cell))
  }

  /** Return whether a row has all words, and keeps to all comparisons such as lr<0.01. */
  test(text) {
    const compared = [...text.matchAll(/([a-z_]+)\s*(<=|>=|<|>|=)\s*(-?[\d.]+(?:e-?\d+)?)/gi)]
    const words = text.replace(/([a-z_]+)\s*(<=|>=|<|>|=)\s*(-?[\d.]+(?:e-?\d+)?)/gi, "").toLowerCase().split(/\s+/).filter(Boolean)
    const holds = {"<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "=": (a, b) => a === b}
    return (row) => {
      const said = `${row.title} ${row.note} ${row.state}`.toLowerCase()
      return words.every((word) => said.includes(word)) && compared.every(([, name, way, number]) => {
        const k = this.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase())
        return k >= 0 && row.values[k] !== null && holds[way](row.values[k], Number(number))
      })
    }
  }

  arrange() {
    const test = this.test(this.words.value)
    this.shown = this.rows.filter((row) => test(row) && (!this.front.checked || row.front)
      && (!this.starred.checked || row.star) && (!this.selected.checked || this.selection.has(row.id)))
    const value = (row) => this.sort === "finished" ? row.finished : this.sort === "note" ? row.note || null : row.values[this.sort]
    if (this.sort !== null && this.sort !== "order") {
      this.shown.sort((one, other) => {
        const [a, b] = [value(one), value(other)]
        if (a === b) return 0
        if (a === null || a === undefined) return 1 // what is not there comes last
        if (b === null || b === undefined) return -1
        return this.way * (a < b ? -1 : 1)
      })
    } else if (this.way < 0) this.shown.reverse()
    for (const [key, cell] of this.heads_ ?? []) {
      const sorted = key === (this.sort ?? "order")
      if (sorted) cell.setAttribute("aria-sort", this.way > 0 ? "ascending" : "descending")
      else cell.removeAttribute("aria-sort")
    }
    this.count.textContent = this.shown.length === this.rows.length ? `${this.rows.length} runs` : `${this.shown.length} of ${this.rows.length} runs`
    this.table.setAttribute("aria-rowcount", String(this.shown.length + 1))
    this.draw()
  }

  draw() {
    if (!this.shown) return
    const focused = this.body.querySelector(":focus")
    if (focused?.matches(".note")) return // what is being typed stays
    const key = focused && [focused.closest("tr").dataset.row, focused.className]
    const height = this.scroller.clientHeight || 400
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / ROW_HEIGHT) - 4)
    const last = Math.min(this.shown.length, first + Math.ceil(height / ROW_HEIGHT) + 8)
    const spacer = (n) => {
      const cell = element("td", {colspan: this.columns.length + 5})
      cell.style.height = `${n * ROW_HEIGHT}px`
      return element("tr", {class: "spacer", "aria-hidden": "true"}, cell)
    }
    this.body.replaceChildren(
      ...(first ? [spacer(first)] : []),
      ...this.shown.slice(first, last).map((row, k) => this.line(row, first + k + 2)),
      ...(last < this.shown.length ? [spacer(this.shown.length - last)] : []))
    if (key) this.body.querySelector(`tr[data-row="${CSS.escape(key[0])}"] .${key[1].split(" ")[0]}`)?.focus()
  }

  line(row, index) {
    const isSelected = this.selection.has(row.id)
    const box = element("input", {type: "checkbox", class: "pick", "aria-label": `Select ${row.title}`})
    box.checked = isSelected
    box.addEventListener("change", () => this.selection.toggle(row.id))
    const star = element("button", {type: "button", class: "star", "aria-pressed": String(row.star), "aria-label": `Star ${row.title}`, title: "Star"}, icon(STAR_PATH))
    star.addEventListener("click", () => this.send({row: row.id, star: !row.star}))
    const note = element("input", {type: "text", class: "note", maxlength: 60, value: row.note, "aria-label": `Note on ${row.title}`})
    note.addEventListener("change", () => this.send({row: row.id, note: note.value}))
    note.addEventListener("blur", () => setTimeout(() => this.draw()))
    const name = element("th", {scope: "row"}, row.picked ? row.title : `#${row.place + 1}`)
    if (row.front) name.append(element("span", {class: "mark", title: "On the Pareto front: no other answer beats it in all goals"}, "front"))
    if (row.state !== "done") name.append(element("span", "mark quiet", row.state === "failed" ? "failed" : "to come"))
    if (row.picked) {
      const out = element("button", {type: "button", class: "out", "aria-label": `Take out ${row.title}`, title: "Take out"}, icon(CLOSE))
      out.addEventListener("click", () => this.send({remove: row.id}))
      name.append(out)
    }
    const line = element("tr", {"data-row": row.id, "aria-rowindex": index, "data-selected": String(isSelected)},
      element("td", {}, box), element("td", {}, star), name,
      ...row.values.map((value) => element("td", "number", value === null ? "–" : valueText(Number(value.toPrecision(4))))),
      element("td", "number quiet", clockTime(row.finished)), element("td", {}, note))
    line.addEventListener("click", (event) => {
      if (!event.target.closest("input, button")) this.selection.toggle(row.id)
    })
    return line
  }
}
