// The browser's half of NetworkPicker: a `Picker` that has a file to send and a path on the server at
// its foot.

/** The foot of the panel: what is of a person's own. */
function ownNetworks(model) {
  const send = element("button", {type: "button", class: "send"}, "Upload a network file…")
  const file = element("input", {type: "file", class: "file", accept: ".json,application/json", hidden: ""})
  const path = element("input", {
    type: "text", class: "path",
    placeholder: "or a path on the server: file, model folder, folder of models",
    "aria-label": "Path of a network file or model folder on the server",
  })
  const add = element("button", {type: "button", class: "add"}, "Open")
  const said = element("p", {class: "said", role: "status"})
  const answer = (text, refused) => {
    said.textContent = text
    said.classList.toggle("refused", refused)
    said.hidden = !text
  }
  const givePath = () => {
    if (path.value.trim()) model.send_msg({path: path.value})
  }
  send.addEventListener("click", () => file.click())
  file.addEventListener("change", async () => {
    const [chosen] = file.files
    file.value = ""
    if (!chosen) return
    const most = model.most_bytes
    if (chosen.size > most) {
      answer(`${chosen.name} is larger than ${most / 1e6} MB, so it is no network.`, true)
    } else {
      model.send_msg({file: chosen.name, content: await chosen.text()})
    }
  })
  add.addEventListener("click", givePath)
  path.addEventListener("keydown", (event) => event.key === "Enter" && givePath())
  const hear = () => answer(model.said, model.refused)
  model.on("said", hear)
  model.on("refused", hear)
  hear()
  return element("div", "own", send, file, path, add, said)
}

export function render({model}) {
  const picker = new Picker(model, "networks")
  picker.panel.append(ownNetworks(model))
  const numbered = ({members}) => members.every(({label, note}) => !note && /^\d+$/.test(label))
  const draw = () => {
    const entry = picker.chips.find(({member}) => member.name === model.value)
      ?? picker.chips.find(({member}) => member.title === model.value)
    const from = entry && entry.group.title !== "Come with maxstim"
      ? [element("span", "from", entry.group.title.split(":")[0])] : []
    picker.show("Network", entry ? entry.member.title : model.value, entry?.member.name, ...from)
    picker.field.title = model.value
  }
  const build = () => {
    picker.offer(model.groups, (member, group) => ({
      parts: [element("span", "label2", member.label),
        ...(numbered(group) ? [] : [element("span", "note", member.note)])],
      title: member.more || member.name,
      words: [member.name, member.title, member.note, member.more],
    }), (group) => `members ${numbered(group) ? "numbers" : "rows"}`)
    picker.search.placeholder = `Search ${picker.chips.length} networks: default, flow/0000/012…`
    draw()
  }
  picker.panel.addEventListener("toggle", () => picker.isOpen && model.send_msg("open"))
  model.on("value", () => {
    picker.close()
    draw()
  })
  model.on("groups", build)
  build()
  return picker.root
}
