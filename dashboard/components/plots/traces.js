// The browser's half of TracePlot: the central cell under the answers, overlaid.

export function render({model}) {
  const plot = new Plot({
    label: "Voltage of the central cell under the answers, over the time from their peaks", height: 260,
    xLabel: "Time from the peak (ms)", yLabel: "Voltage (a.u.)",
  })
  const box = element("input", {type: "checkbox", id: "baseline"})
  const legend = element("div", {class: "legend", role: "group", "aria-label": "Lines shown"})
  const notes = element("div", "notes")
  const hidden = new Set()
  const draw = () => {
    const lines = model.lines.map((line) => {
      const first = box.checked ? line.base : 0
      const moved = (values) => values.map((value) => (value === null ? NaN : value - first))
      return {
        ...line,
        y: moved(line.y),
        band: line.band && [moved(line.y), moved(line.band)],
        hidden: hidden.has(line.name),
      }
    })
    plot.show(lines, {marks: [0], unit: "ms", words: (x) => String(Math.round(x)).replace("-", "−")})
    legend.replaceChildren(...lines.map((line) => {
      const sample = element("i")
      sample.style.borderTop = `${Math.min(line.width, 5)}px ${line.dash ? "dotted" : "solid"} ${line.color}`
      const button = element("button",
        {type: "button", "aria-pressed": String(!line.hidden), title: `Show or hide ${line.name}`}, sample, line.name)
      button.addEventListener("click", () => {
        if (!hidden.delete(line.name)) hidden.add(line.name)
        draw()
      })
      return button
    }))
  }
  const whose = element("small")
  const tell = () => {
    notes.innerHTML = model.note
    whose.textContent = model.whose
  }
  box.addEventListener("change", draw)
  model.on("lines", draw)
  model.on("dark", draw)
  for (const property of ["note", "whose"]) model.on(property, tell)
  draw()
  tell()
  const label = element("label",
    {class: "switch", for: "baseline", title: "Subtract the voltage of the first frame, which grey alone sets."},
    box, "From baseline")
  return element("section", {class: "card", "aria-label": "Central cell"},
    element("header", {}, element("h2", {}, "Central cell"), whose, label), legend, plot.root, notes)
}
