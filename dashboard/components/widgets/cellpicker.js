// The browser's half of CellPicker: a `Picker` with marks for what is known of the tuning.

const marks = ({polarity, arrow}) => {
  const row = element("span", "marks")
  if (arrow) row.append(element("span", "arrow", arrow))
  if (polarity) row.append(element("span", `polarity ${polarity.toLowerCase()}`, polarity))
  return row
}
const WORDS = {"↑": "up", "↓": "down", "←": "left", "→": "right"}

export function render({model}) {
  const picker = new Picker(model, "cell types")
  const sentence = element("p", "sentence")
  picker.field.after(sentence)
  picker.panel.append(element("p", "legend",
    "ON and OFF: excited by light or dark. Arrow: preferred direction. No mark: not known."))
  picker.offer(model.groups, (member) => ({
    parts: [element("span", "name", member.name), marks(member)],
    title: member.sentence,
    words: [member.name, member.polarity, WORDS[member.arrow] ?? ""],
  }))
  picker.search.placeholder = `Search ${picker.chips.length} cell types: T4, ON, up…`
  const draw = () => {
    const entry = picker.chips.find(({member}) => member.name === model.value)
    picker.show("Cell type", model.value, model.value, ...(entry ? [marks(entry.member)] : []))
    sentence.textContent = entry ? entry.member.sentence : ""
  }
  model.on("value", draw)
  draw()
  return picker.root
}
