// The clips of a search: one button per clip, redrawn when the rows change.

class RankingView {
  /** `choose` is called with the place of a clip that a person clicks, 0 for the best. */
  constructor(choose) {
    this.root = element("div", {class: "ranking", role: "group", "aria-label": "Best clips"})
    this.root.addEventListener("click", (event) => {
      const row = event.target.closest("button")
      if (row) choose(Number(row.dataset.place))
    })
  }

  show(rows, chosen) {
    if (rows !== this.rows) {
      this.rows = rows
      const best = Math.max(...rows.map((row) => Math.abs(row.score))) || 1
      this.root.replaceChildren(...rows.map((clip, place) => {
        const row = element("button", {type: "button", class: "clip", "data-place": place, title: clip.name})
        const bar = element("i", "bar")
        bar.style.width = `${(100 * Math.max(0, clip.score)) / best}%`
        row.append(element("span", "rank", String(place + 1)), element("span", "name", clip.name),
          element("b", "score", clip.score.toFixed(3).replace("-", "−")),
          element("span", "time", `${Math.round(clip.time)} ms`), bar)
        return row
      }))
    }
    for (const row of this.root.children) {
      row.setAttribute("aria-current", String(Number(row.dataset.place) === chosen))
    }
  }
}
