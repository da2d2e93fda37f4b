// What is chosen among many: the cell type, and the network with what is of a person's own.

const WORDS = {"↑": "up", "↓": "down", "←": "left", "→": "right"}

/** What is known of the tuning of a cell type; by its part lessons hide it. */
function marks({polarity, arrow, sentence}) {
  const told = polarity || arrow
  const row = element("span", {class: "marks", "data-part": "tuning", ...(told ? {title: sentence} : {})})
  if (arrow) row.append(element("span", "arrow", arrow))
  if (polarity) row.append(element("span", `polarity ${polarity.toLowerCase()}`, polarity))
  return row
}

/** A `Picker` of cell types with marks for what is known of their tuning, and a sentence of the chosen. */
class CellPicker {
  constructor(groups, take) {
    this.picker = new Picker("cell types", take)
    this.sentence = element("p", {class: "sentence", "data-part": "tuning"})
    this.picker.field.after(this.sentence)
    this.picker.field.dataset.testid = "cell"
    this.picker.root.classList.add("cells")
    this.picker.panel.append(element("p", "legend",
      "ON and OFF: excited by light or dark. Arrow: preferred direction. No mark: not known."))
    this.picker.offer(groups, (member) => ({
      parts: [element("span", "name", member.name), marks(member)],
      title: member.polarity || member.arrow ? "" : member.sentence,
      words: [member.name],
      known: [member.polarity, WORDS[member.arrow] ?? ""],
    }))
    this.picker.search.placeholder = `Search ${this.picker.chips.length} cell types: T4, ON, up…`
    this.root = this.picker.root
  }

  show(name) {
    const entry = this.picker.chips.find(({member}) => member.name === name)
    this.picker.show("Cell type", name, name, ...(entry ? [marks(entry.member)] : []))
    this.sentence.textContent = entry ? entry.member.sentence : ""
  }
}

/** Let a picker offer networks in their groups, those that are told apart by a number alone as numbers. */
function offerNetworks(picker, groups) {
  const numbered = ({members}) => members.every(({label, note}) => !note && /^\d+$/.test(label))
  picker.offer(groups, (member, group) => ({
    parts: [element("span", "label2", member.label),
      ...(numbered(group) ? [] : [element("span", "note", member.note)])],
    title: member.more || member.name,
    words: [member.name, member.title, member.note, member.more],
  }), (group) => `members ${numbered(group) ? "numbers" : "rows"}`)
  picker.search.placeholder = `Search ${picker.chips.length} networks: default, flow/0000/012…`
}

/** A `Picker` of networks that has a file to send and a path on the server at its foot. */
class NetworkPicker {
  /** `send` is called with `{network}`, `{path}`, `{file, content}`, or "networks" when it is opened. */
  constructor(mostBytes, send) {
    this.send = send
    this.mostBytes = mostBytes
    this.picker = new Picker("networks", (network) => send({network}))
    this.picker.root.classList.add("networks")
    this.picker.root.dataset.part = "network"
    this.picker.panel.append(this.ownNetworks())
    this.picker.panel.addEventListener("toggle", () => this.picker.isOpen && send("networks"))
    this.root = this.picker.root
  }

  /** The foot of the panel: what is of a person's own. */
  ownNetworks() {
    const pick = element("button", {type: "button", class: "send"}, "Upload a network file…")
    const file = element("input",
      {type: "file", class: "file", accept: ".json,application/json", hidden: "", "aria-label": "Network file"})
    const path = element("input", {
      type: "text", class: "path",
      placeholder: "or a path on the server: file, model folder, folder of models",
      "aria-label": "Path of a network file or model folder on the server",
    })
    const add = element("button", {type: "button", class: "add"}, "Open")
    const said = element("p", {class: "said", role: "status"})
    this.answer = (text, refused) => {
      said.textContent = text
      said.classList.toggle("refused", refused)
      said.hidden = !text
    }
    const givePath = () => {
      if (path.value.trim()) this.send({path: path.value})
    }
    pick.addEventListener("click", () => file.click())
    file.addEventListener("change", async () => {
      const [chosen] = file.files
      file.value = ""
      if (!chosen) return
      if (chosen.size > this.mostBytes) {
        this.answer(`${chosen.name} is larger than ${this.mostBytes / 1e6} MB, so it is no network.`, true)
      } else {
        this.send({file: chosen.name, content: await chosen.text()})
      }
    })
    add.addEventListener("click", givePath)
    path.addEventListener("keydown", (event) => event.key === "Enter" && givePath())
    return element("div", "own", pick, file, path, add, said)
  }

  offer(groups) {
    offerNetworks(this.picker, groups)
    if (this.name !== undefined) this.show(this.name)
  }

  show(name) {
    if (this.name !== undefined && this.name !== name) this.picker.close()
    this.name = name
    const {chips} = this.picker
    const entry = chips.find(({member}) => member.name === name)
      ?? chips.find(({member}) => member.title === name)
    const from = entry && entry.group.title !== "Come with maxstim"
      ? [element("span", "from", entry.group.title.split(":")[0])] : []
    this.picker.show("Network", entry ? entry.member.title : name, entry?.member.name, ...from)
    this.picker.field.title = name
  }
}
