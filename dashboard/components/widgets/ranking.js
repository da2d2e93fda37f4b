// The browser's half of Ranking: one button per clip, redrawn when the rows change.

export function render({model}) {
  const root = element("div", "ranking")
  root.addEventListener("click", (event) => {
    const row = event.target.closest("button")
    if (row) model.send_msg(Number(row.dataset.place))
  })
  const draw = () => {
    const best = Math.max(...model.rows.map((row) => Math.abs(row.score))) || 1
    root.replaceChildren(...model.rows.map((clip, place) => {
      const row = element("button", "clip")
      row.type = "button"
      row.dataset.place = place
      row.title = clip.name
      const bar = element("i", "bar")
      bar.style.width = `${(100 * Math.max(0, clip.score)) / best}%`
      row.append(element("span", "rank", String(place + 1)), element("span", "name", clip.name),
        element("b", "score", clip.score.toFixed(3)),
        element("span", "time", `${Math.round(clip.time)} ms`), bar)
      return row
    }))
    mark()
  }
  const mark = () => {
    for (const row of root.children) {
      row.setAttribute("aria-current", String(Number(row.dataset.place) === model.chosen))
    }
  }
  model.on("rows", draw)
  model.on("chosen", mark)
  draw()
  return root
}
