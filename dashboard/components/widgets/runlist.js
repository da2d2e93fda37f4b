// The browser's half of RunList: one button per run, redrawn when the rows change.

export function render({model}) {
  const list = element("div", "runs")
  const box = element("input", {type: "checkbox", id: "only"})
  const only = element("span")
  const label = element("label",
    {class: "switch", for: "only", title: "List the runs of the chosen cell type alone."}, box, only)
  box.addEventListener("change", () => model.send_msg({only: box.checked}))
  list.addEventListener("click", (event) => {
    const row = event.target.closest("button")
    if (!row) return
    model.send_msg(row.dataset.key)
    // What is shown then is further up.
    list.dispatchEvent(new CustomEvent("maxstim-top", {bubbles: true, composed: true}))
  })
  const draw = () => {
    const focused = list.querySelector("button:focus")?.dataset.key
    const nodes = []
    let heading = ""
    for (const run of model.rows) {
      if (run.heading !== heading) {
        heading = run.heading
        nodes.push(element("h3", "heading", heading))
      }
      const row = element("button", {type: "button", class: "run", "data-key": run.key,
        "data-state": run.state, "aria-current": String(run.key === model.chosen)})
      const words = element("span", "words")
      const title = element("span", "title", run.title)
      if (run.person) title.append(" ", element("span", "person", `by ${run.person}`))
      words.append(title, element("span", "detail", run.detail))
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
    list.replaceChildren(...nodes)
    only.textContent = model.only
    if (focused) list.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus()
  }
  for (const property of ["rows", "empty", "chosen", "only"]) model.on(property, draw)
  draw()
  return element("section", {class: "card", "aria-label": "Runs"},
    element("header", {}, element("h2", {}, "Runs"), label), list)
}
