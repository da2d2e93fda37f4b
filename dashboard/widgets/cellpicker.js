// The browser's half of CellPicker: a button that opens a panel in the top layer (so that no
// scrolling box can clip it) with a search field and one button per cell type.

const element = (tag, className, text = "") => {
  const node = document.createElement(tag)
  node.className = className
  node.textContent = text
  return node
}

const marks = ({polarity, arrow}) => {
  const row = element("span", "marks")
  if (arrow) row.append(element("span", "arrow", arrow))
  if (polarity) row.append(element("span", `polarity ${polarity.toLowerCase()}`, polarity))
  return row
}

export function render({model}) {
  const root = element("div", "picker")
  const field = element("button", "field")
  field.type = "button"
  field.setAttribute("aria-haspopup", "dialog")
  const sentence = element("p", "sentence")
  const panel = element("div", "panel")
  panel.setAttribute("popover", "auto")
  panel.setAttribute("role", "dialog")
  panel.setAttribute("aria-label", "Cell types")
  const search = element("input", "search")
  search.type = "search"
  search.placeholder = "Search 65 cell types: T4, ON, up…"
  search.setAttribute("aria-label", "Search cell types")
  const list = element("div", "groups")
  const legend = element("p", "legend",
    "ON and OFF: excited by light or dark. Arrow: preferred direction. No mark: not known.")
  panel.append(search, list, legend)
  root.append(field, sentence, panel)

  const words = {"↑": "up", "↓": "down", "←": "left", "→": "right"}
  const chips = []
  for (const group of model.groups) {
    const section = element("section", "group")
    section.append(element("h4", "title", group.title))
    const members = element("div", "members")
    for (const member of group.members) {
      const chip = element("button", "chip")
      chip.type = "button"
      chip.title = member.sentence
      chip.dataset.name = member.name
      chip.append(element("span", "name", member.name), marks(member))
      chip.addEventListener("click", () => choose(member.name))
      members.append(chip)
      const text = [member.name, member.polarity, words[member.arrow] ?? "", group.title]
      chips.push({chip, member, section, text: text.join(" ").toLowerCase()})
    }
    section.append(members)
    list.append(section)
  }
  search.placeholder = `Search ${chips.length} cell types: T4, ON, up…`

  const choose = (name) => {
    model.value = name
    panel.hidePopover()
    field.focus()
  }
  const visible = () => chips.filter(({chip}) => !chip.hidden)
  const filter = () => {
    const wanted = search.value.trim().toLowerCase().split(/\s+/)
    for (const entry of chips) {
      entry.chip.hidden = !wanted.every((word) => entry.text.includes(word))
    }
    for (const section of list.children) {
      section.hidden = !section.querySelector(".chip:not([hidden])")
    }
  }
  const draw = () => {
    const entry = chips.find(({member}) => member.name === model.value)
    field.replaceChildren(element("span", "label", "Cell type"))
    field.append(element("span", "value", model.value))
    if (entry) field.append(marks(entry.member))
    field.append(element("span", "caret", "▾"))
    field.setAttribute("aria-label", `Cell type ${model.value}, change`)
    sentence.textContent = entry ? entry.member.sentence : ""
    for (const {chip, member} of chips) {
      chip.setAttribute("aria-pressed", String(member.name === model.value))
    }
  }
  const place = () => {
    const box = field.getBoundingClientRect()
    panel.style.left = `${Math.round(box.left)}px`
    panel.style.top = `${Math.round(box.bottom + 6)}px`
    panel.style.maxHeight = `${Math.round(window.innerHeight - box.bottom - 24)}px`
  }
  field.addEventListener("click", () => {
    place()
    search.value = ""
    filter()
    panel.togglePopover()
    if (panel.matches(":popover-open")) search.focus()
  })
  search.addEventListener("input", filter)
  panel.addEventListener("keydown", (event) => {
    const shown = visible()
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key]
    const at = shown.findIndex(({chip}) => chip.matches(":focus"))
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight"
    if (event.key === "Enter" && at < 0 && shown.length) {
      choose(shown[0].member.name)
      event.preventDefault()
    } else if (step && shown.length && !(at < 0 && sideways)) {
      shown[(at + step + shown.length) % shown.length].chip.focus()
      event.preventDefault()
    }
  })
  model.on("value", draw)
  window.addEventListener("resize", place)
  model.on("remove", () => window.removeEventListener("resize", place))
  draw()
  return root
}
