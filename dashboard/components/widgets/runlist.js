// The browser's half of RunList: a row per run, redrawn when the rows change.

const STAR = "M12 17.27 18.18 21l-1.64-7.03L22 9.24l-7.19-.61L12 2 9.19 8.63 2 9.24l5.46 4.73L5.82 21z"
const PENCIL = "M3 17.25V21h3.75L17.81 9.94l-3.75-3.75zM20.71 7.04a1 1 0 0 0 0-1.41l-2.34-2.34a1 1 0 0 0-1.41 0l-1.83 1.83 3.75 3.75z"

/** What a person can do to a row besides showing it. */
function rowTools(run, model, edit) {
  const tool = (label, path, act, attributes = {}) => {
    const button = element("button", {type: "button", class: "tool", "aria-label": `${label}: ${run.name || run.title}`,
      title: label, ...attributes}, icon(path))
    button.addEventListener("click", act)
    return button
  }
  const tell = (change) => model.send_msg({key: run.key, ...change})
  const tools = [
    tool("Star", STAR, () => tell({star: !run.star}), {"aria-pressed": String(Boolean(run.star))}),
    tool("Name", PENCIL, edit),
  ]
  if (!["queued", "running", "failed"].includes(run.state)) {
    tools.push(tool("Pin", PIN, () => tell({pin: true}), {"aria-pressed": String(Boolean(run.pinned))}))
  }
  if (!["queued", "running"].includes(run.state)) {
    tools.push(tool("Remove from my list", CLOSE, () => tell({removed: true})))
  }
  return element("span", "tools", ...tools)
}

export function render({model}) {
  const list = element("div", "runs")
  const box = element("input", {type: "checkbox", id: "only"})
  const only = element("span")
  const label = element("label",
    {class: "switch", for: "only", title: "List the runs of the chosen cell type alone."}, box, only)
  box.addEventListener("change", () => model.send_msg({only: box.checked}))
  const search = element("input", {type: "search", class: "find", placeholder: "Search runs", "aria-label": "Search runs"})
  search.addEventListener("input", () => draw())
  let editing = false // a name is being typed
  const edit = (row, run) => {
    const field = element("input", {class: "naming", value: run.name ?? "", maxlength: 60, "aria-label": `Name of ${run.title}`})
    const end = (keep) => {
      if (!editing) return
      editing = false
      if (keep && field.value !== (run.name ?? "")) model.send_msg({key: run.key, name: field.value})
      draw()
    }
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "Escape") end(event.key === "Enter")
      event.stopPropagation()
    })
    field.addEventListener("blur", () => end(true))
    editing = true
    row.replaceChildren(field)
    field.focus()
  }
  list.addEventListener("click", (event) => {
    const row = event.target.closest("button.run")
    if (!row) return
    model.send_msg(row.dataset.key)
    // What is shown then is further up.
    list.dispatchEvent(new CustomEvent("maxstim-top", {bubbles: true, composed: true}))
  })
  const draw = () => {
    if (editing) return
    const sought = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean)
    const focused = list.querySelector("button:focus")?.dataset.key
    const nodes = []
    let heading = ""
    for (const run of model.rows) {
      const said = [run.name, run.title, run.person, run.detail, run.clip, run.settings, run.state].join(" ").toLowerCase()
      if (!sought.every((word) => said.includes(word))) continue
      if (run.heading !== heading) {
        heading = run.heading
        nodes.push(element("h3", "heading", heading))
      }
      const row = element("button", {type: "button", class: "run", "data-key": run.key,
        "data-state": run.state, "aria-current": String(run.key === model.chosen)})
      const words = element("span", "words")
      const title = element("span", "title", run.name ? `${run.name} (${run.title})` : run.title)
      if (run.person) title.append(" ", element("span", "person", `by ${run.person}`))
      words.append(title, element("span", "detail", run.detail))
      for (const more of [run.clip, run.settings].filter(Boolean)) words.append(element("span", "detail", more))
      row.append(words, element("span", `chip ${run.state}`, run.state))
      if (run.state === "running") {
        const bar = element("i", "bar")
        bar.style.width = `${Math.round(100 * run.progress)}%`
        row.append(bar)
      }
      const line = element("div", {class: "row", "data-star": String(Boolean(run.star || run.pinned))}, row)
      line.append(rowTools(run, model, () => edit(line, run)))
      nodes.push(line)
    }
    if (!nodes.length) nodes.push(element("p", "empty", sought.length ? "No run has these words." : model.empty))
    list.replaceChildren(...nodes)
    only.textContent = model.only
    if (focused) list.querySelector(`button[data-key="${CSS.escape(focused)}"]`)?.focus({preventScroll: true})
  }
  for (const property of ["rows", "empty", "chosen", "only"]) model.on(property, draw)
  draw()
  return element("section", {class: "card", "aria-label": "Runs"},
    element("header", {}, element("h2", {}, "Runs"), label), search, list)
}
