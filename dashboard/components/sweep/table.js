// The table of runs: sorted, filtered, and drawn as far as it is in sight, so that 500 rows cost what 20 do.

const ROW_HEIGHT = 34
const STAR_PATH = "M12 17.27 18.18 21l-1.64-7.03L22 9.24l-7.19-.61L12 2 9.19 8.63 2 9.24l5.46 4.73L5.82 21z"

function clockTime(seconds) {
  return seconds === null ? "–" : new Date(1000 * seconds).toLocaleTimeString("en-GB", {hour: "2-digit", minute: "2-digit", second: "2-digit"})
}

const COMPARED = /<=|>=|==|=|<|>/g
const TYPED_NUMBER = /^\s*([-−+]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[-−+]?\d+)?)(?=\s|$)/i

/** Return how values of a column are written, with the same digits in all of it. */
function columnText(kind, values) {
  const there = values.filter((value) => value !== null)
  if (there.every(Number.isInteger)) return (value) => String(value).replace("-", "−")
  const sizes = there.map(Math.abs).filter((size) => size > 0)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const decimals = 3 - Math.floor(Math.log10(most))
  if (kind !== "goal" || most >= 1e5 || least < 1e-4) return (value) => valueText(Number(value.toPrecision(4)))
  if (least < most / 1000) return (value) => (value ? value.toPrecision(4) : "0").replace("-", "−")
  return (value) => value.toFixed(Math.max(0, decimals)).replace("-", "−")
}

/**
 * What a filter says: `words` that a run must have, `#3` and `front` among them, comparisons such as
 * lr < 0.01 by name or label, and `problem`, one line on what means nothing, which is left out.
 */
class RunFilter {
  constructor(text, columns) {
    Object.assign(this, {columns, compared: [], words: [], problem: ""})
    let rest = 0
    for (const found of text.matchAll(COMPARED)) {
      if (found.index < rest) continue // within what means nothing
      const before = text.slice(rest, found.index).trimEnd()
      rest = found.index + found[0].length
      const number = text.slice(rest).match(TYPED_NUMBER)
      const wrong = number ? "" : text.slice(rest).trim().split(/\s+/)[0]
      rest += number ? number[0].length : text.slice(rest).length - text.slice(rest).trimStart().length + wrong.length
      const name = this.nameBefore(before)
      const asked = name ? before.slice(-name.length) : before.split(/\s+/).at(-1)
      this.take(before.slice(0, before.length - asked.length))
      if (!name) this.refuse(`There is no number “${asked}” here; there are ${columns.map(({label, name}) => `${label} (${name})`).join(", ")}.`)
      else if (!number) this.refuse(`“${asked} ${found[0]}” needs a number${wrong ? `, and “${wrong}” is none` : ""}, as in ${asked} ${found[0]} 0.01.`)
      else this.compared.push([this.places.get(name.toLowerCase()), found[0], Number(number[1].replace(/−/g, "-").replace(",", "."))])
    }
    this.take(text.slice(rest))
  }

  /** The place of a column by each of its names. */
  get places() {
    return new Map(this.columns.flatMap(({name, label, unit}, k) =>
      [name, label, `${label} (${unit})`].map((one) => [one.toLowerCase(), k])))
  }

  /** Return the longest name of a number that a text ends with. */
  nameBefore(text) {
    return [...this.places.keys()].sort((a, b) => b.length - a.length).map((name) => text.slice(-name.length))
      .find((end) => this.places.has(end.toLowerCase()) && (end.length === text.length || /\s/.test(text.at(-end.length - 1))))
  }

  take(words) {
    this.words.push(...words.toLowerCase().split(/\s+/).filter(Boolean))
  }

  refuse(problem) {
    this.problem ||= problem
  }

  /** Return whether a row is meant; `texts` says how the values of each column are written. */
  keeps(row, texts) {
    const holds = {"<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b, ">=": (a, b) => a >= b,
      "=": (a, b, k) => a === b || texts[k](a) === texts[k](b)}
    holds["=="] = holds["="]
    return this.words.every((word) => this.hasWord(row, word)) && this.compared.every(([k, way, number]) =>
      row.values[k] !== null && holds[way](row.values[k], number, k))
  }

  hasWord(row, word) {
    if (/^#\d+$/.test(word)) return !row.picked && row.place + 1 === Number(word.slice(1))
    const state = {missing: "to come"}[row.state] ?? row.state
    return `${row.title} ${row.note} ${state} ${row.front ? "front" : ""}`.toLowerCase().includes(word)
  }
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
    this.problem = element("p", {class: "small refused", "aria-live": "polite", hidden: "", "data-testid": "filter-problem"})
    this.head = element("tr")
    this.body = element("tbody")
    this.table = element("table", {"aria-label": "Runs of the sweep"}, element("thead", {}, this.head), this.body)
    this.scroller = element("div", {class: "scroller", tabindex: 0, role: "region", "aria-label": "Table of runs"}, this.table)
    this.scroller.addEventListener("scroll", () => this.draw())
    new ResizeObserver(() => this.draw()).observe(this.scroller)
    this.root = element("section", {class: "card", "aria-label": "Table", "data-testid": "sweep-table"},
      element("div", "bar", element("h2", {}, "Runs"), this.words, frontLabel, starredLabel, selectedLabel, this.count),
      this.problem, this.scroller)
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

  arrange() {
    const filter = new RunFilter(this.words.value, this.columns)
    this.texts = this.columns.map(({kind}, k) => columnText(kind, this.rows.map((row) => row.values[k])))
    const without = filter.words.find((word) => !this.rows.some((row) => filter.hasWord(row, word)))
    const problem = filter.problem || (without && this.rows.length ? `No run has “${without}”.` : "")
    if (this.problem.textContent !== problem) this.problem.textContent = problem
    this.problem.hidden = !problem
    this.shown = this.rows.filter((row) => filter.keeps(row, this.texts) && (!this.front.checked || row.front)
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
    if (key) this.body.querySelector(`tr[data-row="${CSS.escape(key[0])}"] .${key[1].split(" ")[0]}`)?.focus({preventScroll: true})
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
    if (row.front) name.append(element("span", {class: "mark", title: "On the Pareto front: no other answer of this table to the same question beats it in all goals"}, "front"))
    if (row.state !== "done") name.append(element("span", "mark quiet", row.state === "failed" ? "failed" : "to come"))
    if (row.picked) {
      const out = element("button", {type: "button", class: "out", "aria-label": `Take out ${row.title}`, title: "Take out"}, icon(CLOSE))
      out.addEventListener("click", () => this.send({remove: row.id}))
      name.append(out)
    }
    const line = element("tr", {"data-row": row.id, "aria-rowindex": index, "data-selected": String(isSelected)},
      element("td", {}, box), element("td", {}, star), name,
      ...row.values.map((value, k) => element("td", "number", value === null ? "–" : this.texts[k](value))),
      element("td", "number quiet", clockTime(row.finished)), element("td", {}, note))
    line.addEventListener("click", (event) => {
      if (!event.target.closest("input, button")) this.selection.toggle(row.id)
    })
    return line
  }
}
