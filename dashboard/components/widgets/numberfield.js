// The browser's half of NumberField: an entry is sent on Enter and when the field is left.

const INFO = "M11 7h2v2h-2zm0 4h2v6h-2zm1-9C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10S17.52 2 " +
  "12 2m0 18c-4.41 0-8-3.59-8-8s3.59-8 8-8 8 3.59 8 8-3.59 8-8 8"

export function render({model}) {
  const entry = element("input",
    {id: "entry", type: "text", inputmode: "decimal", autocomplete: "off", "aria-describedby": "problem"})
  const name = element("label", {for: "entry"})
  const help = element("button", {type: "button", class: "help", "aria-describedby": "tip"})
  help.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${INFO}"/></svg>`
  const tip = element("div", {id: "tip", class: "tip", role: "tooltip", popover: "manual"})
  const slider = element("input", {type: "range"})
  const problem = element("div", {id: "problem", class: "problem", "aria-live": "polite"})
  const root = element("div", "number",
    element("div", "line", name, entry, help), slider, problem, tip)

  // -- the field

  let known = "" // what the server knows to stand in the field
  const show = (text) => {
    entry.value = known = text
  }
  const commit = () => {
    if (entry.value === known) return
    known = entry.value
    model.send_msg({entry: known})
  }
  entry.addEventListener("blur", commit)
  entry.addEventListener("keydown", (event) => {
    const direction = {ArrowUp: 1, ArrowDown: -1}[event.key]
    if (event.key === "Enter") {
      commit()
    } else if (event.key === "Escape" && (model.shown.problem || entry.value !== known)) {
      event.stopPropagation() // a dialog stays open
      model.send_msg("restore")
      show("")
    } else if (direction) {
      event.preventDefault()
      const {step, low, high} = model
      const number = Number(entry.value.replace(",", "."))
      const next = (Number.isFinite(number) ? number : model.shown.value) + direction * step
      entry.value = String(Number(Math.min(high, Math.max(low, next)).toFixed(9)))
      commit()
    }
  })

  // -- the slider

  slider.addEventListener("input", () => {
    const {low, high} = model
    entry.value = String(Math.min(high, Math.max(low, Number(slider.value))))
    commit()
    fill()
  })
  slider.addEventListener("change", () => draw())
  const fill = () => {
    const {min, max, value} = slider
    slider.style.setProperty("--done", `${100 * (value - min) / (max - min || 1)}%`)
  }

  // -- the help

  const toggle = (open) => {
    tip.textContent = open ? model.description : ""
    tip.togglePopover(open)
    if (!open) return
    const [at, size] = [help.getBoundingClientRect(), tip.getBoundingClientRect()]
    const beside = at.right + 8 + size.width < innerWidth // else below, where it hides no number
    tip.style.left = `${beside ? at.right + 8 : Math.max(8, at.right - size.width)}px`
    const top = beside ? at.top + at.height / 2 - size.height / 2 : at.bottom + 2
    tip.style.top = `${Math.max(8, Math.min(top, innerHeight - size.height - 8))}px`
  }
  help.addEventListener("pointerenter", () => toggle(true))
  help.addEventListener("pointerleave", () => toggle(false))
  help.addEventListener("focus", () => toggle(true))
  help.addEventListener("blur", () => toggle(false))

  // -- what the server says

  const draw = () => {
    const {start, end, step, disabled, shown: {text, value, problem: allowed}} = model
    const label = model.unit ? `${model.label} (${model.unit})` : model.label
    name.textContent = `${label}:`
    slider.setAttribute("aria-label", `${label}, slider`)
    help.setAttribute("aria-label", `About ${label}`)
    help.hidden = !model.description
    const drags = slider.matches(":active")
    // What is being typed is not overwritten, nor what a drag has left behind.
    if (entry.value === known && !drags) show(text)
    entry.setAttribute("aria-invalid", String(Boolean(allowed)))
    problem.textContent = allowed
    entry.disabled = slider.disabled = disabled
    if (!drags) {
      // It reaches as far as the value, in its own steps; and no further when the value is back.
      slider.min = start - step * Math.max(0, Math.ceil((start - value) / step))
      slider.max = Math.max(end, value)
      slider.step = step
      slider.value = value
    }
    fill()
  }
  for (const property of ["label", "unit", "description", "start", "end", "step", "disabled", "shown"]) {
    model.on(property, draw)
  }
  draw()
  return root
}
