// The browser's half of RunList: one button per run, redrawn when the rows change.

export function render({model}) {
  const root = element("div", "runs")
  root.addEventListener("click", (event) => {
    const row = event.target.closest("button")
    if (row) model.send_msg(row.dataset.key)
  })
  const draw = () => {
    const focused = root.querySelector("button:focus")?.dataset.key
    const nodes = []
    let heading = ""
    for (const run of model.rows) {
      if (run.heading !== heading) {
        heading = run.heading
        nodes.push(element("h4", "heading", heading))
      }
      const row = element("button", "run")
      row.type = "button"
      row.dataset.key = run.key
      row.dataset.state = run.state
      row.setAttribute("aria-current", String(run.key === model.chosen))
      const words = element("span", "words")
      words.append(element("span", "title", run.title), element("span", "detail", run.detail))
      for (const more of [run.clip, run.settings].filter(Boolean)) {
        const line = element("span", "detail", more)
        line.title = more // where it is cut off
        words.append(line)
      }
      row.append(words, element("span", `chip ${run.state}`, run.state))
      if (run.state === "running") {
        const bar = element("i", "bar")
        bar.style.width = `${Math.round(100 * run.progress)}%`
        row.append(bar)
      }
      nodes.push(row)
    }
    if (!nodes.length) nodes.push(element("p", "empty", model.empty))
    root.replaceChildren(...nodes)
    if (focused) root.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus()
  }
  model.on("rows", draw)
  model.on("empty", draw)
  model.on("chosen", draw)
  draw()
  return root
}
