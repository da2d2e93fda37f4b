// The browser's half of NetworkPicker: a button that opens a panel in the top layer with a search
// field, the networks in groups, and at its foot a file to send or a path on the server.

const element = (tag, className, text = "") => {
  const node = document.createElement(tag)
  node.className = className
  node.textContent = text
  return node
}

export function render({model}) {
  const root = element("div", "picker")
  const field = element("button", "field")
  field.type = "button"
  field.setAttribute("aria-haspopup", "dialog")
  const panel = element("div", "panel")
  panel.setAttribute("popover", "auto")
  panel.setAttribute("role", "dialog")
  panel.setAttribute("aria-label", "Networks")
  const search = element("input", "search")
  search.type = "search"
  search.setAttribute("aria-label", "Search networks")
  const list = element("div", "groups")
  const none = element("p", "none", "No network is called like that.")

  const own = element("div", "own")
  const send = element("button", "send", "Upload a network file…")
  send.type = "button"
  const file = element("input", "file")
  file.type = "file"
  file.accept = ".json,application/json"
  file.hidden = true
  const path = element("input", "path")
  path.type = "text"
  path.placeholder = "or a path on the server: file, model folder, folder of models"
  path.setAttribute("aria-label", "Path of a network file or model folder on the server")
  const add = element("button", "add", "Open")
  add.type = "button"
  const said = element("p", "said")
  said.setAttribute("role", "status")
  own.append(send, file, path, add, said)
  panel.append(search, list, none, own)
  root.append(field, panel)

  let chips = []
  const build = () => {
    chips = []
    list.replaceChildren()
    for (const group of model.groups) {
      const section = element("section", "group")
      section.append(element("h4", "title", group.title))
      const numbers = group.members.every(({label}) => /^\d+$/.test(label))
      const members = element("div", `members ${numbers ? "numbers" : "rows"}`)
      for (const member of group.members) {
        const chip = element("button", "chip")
        chip.type = "button"
        chip.dataset.name = member.name
        chip.title = member.name
        chip.append(element("span", "label2", member.label))
        if (!numbers) chip.append(element("span", "note", member.note))
        chip.addEventListener("click", () => choose(member.name))
        members.append(chip)
        const text = [member.name, member.title, member.note, group.title].join(" ").toLowerCase()
        chips.push({chip, member, group, text})
      }
      section.append(members)
      list.append(section)
    }
    search.placeholder = `Search ${chips.length} networks: default, flow/0000/012…`
    filter()
    draw()
  }
  const choose = (name) => {
    model.value = name
    panel.hidePopover()
    field.focus()
  }
  const filter = () => {
    const wanted = search.value.trim().toLowerCase().split(/\s+/)
    for (const entry of chips) {
      entry.chip.hidden = !wanted.every((word) => entry.text.includes(word))
    }
    for (const section of list.children) {
      section.hidden = !section.querySelector(".chip:not([hidden])")
    }
    none.hidden = chips.some(({chip}) => !chip.hidden)
  }
  const draw = () => {
    const entry = chips.find(({member}) => member.name === model.value)
      ?? chips.find(({member}) => member.title === model.value)
    const value = element("span", "value", entry ? entry.member.title : model.value)
    field.replaceChildren(element("span", "label", "Network"), value)
    if (entry && entry.group.title !== "Come with maxstim") {
      field.append(element("span", "from", entry.group.title.split(":")[0]))
    }
    field.append(element("span", "caret", "▾"))
    field.title = model.value
    field.setAttribute("aria-label", `Network ${value.textContent}, change`)
    for (const {chip, member} of chips) {
      chip.setAttribute("aria-pressed", String(member.name === entry?.member.name))
    }
  }
  const answer = () => {
    said.textContent = model.said
    said.classList.toggle("refused", model.refused)
    said.hidden = !model.said
  }
  const place = () => {
    const box = field.getBoundingClientRect()
    panel.style.left = `${Math.round(box.left)}px`
    panel.style.top = `${Math.round(box.bottom + 6)}px`
    panel.style.maxHeight = `${Math.round(window.innerHeight - box.bottom - 24)}px`
  }
  const givePath = () => {
    if (path.value.trim()) model.send_msg({path: path.value})
  }

  field.addEventListener("click", () => {
    place()
    search.value = ""
    filter()
    panel.togglePopover()
    if (panel.matches(":popover-open")) {
      model.send_msg("open")
      search.focus()
    }
  })
  search.addEventListener("input", filter)
  send.addEventListener("click", () => file.click())
  file.addEventListener("change", async () => {
    const [chosen] = file.files
    file.value = ""
    if (!chosen) return
    if (chosen.size > model.most_bytes) {
      said.textContent = `${chosen.name} is larger than ${model.most_bytes / 1e6} MB, so it is no network.`
      said.classList.add("refused")
      said.hidden = false
      return
    }
    model.send_msg({file: chosen.name, content: await chosen.text()})
  })
  add.addEventListener("click", givePath)
  path.addEventListener("keydown", (event) => event.key === "Enter" && givePath())
  panel.addEventListener("keydown", (event) => {
    if (event.target === path) return
    const shown = chips.filter(({chip}) => !chip.hidden)
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key]
    const at = shown.findIndex(({chip}) => chip.matches(":focus"))
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight"
    if (event.key === "Enter" && event.target === search && shown.length) {
      choose(shown[0].member.name)
      event.preventDefault()
    } else if (step && shown.length && !(at < 0 && sideways)) {
      shown[(at + step + shown.length) % shown.length].chip.focus()
      event.preventDefault()
    }
  })
  model.on("value", () => {
    if (panel.matches(":popover-open")) panel.hidePopover()
    draw()
  })
  model.on("groups", build)
  model.on("said", answer)
  model.on("refused", answer)
  window.addEventListener("resize", place)
  model.on("remove", () => window.removeEventListener("resize", place))
  build()
  answer()
  return root
}
