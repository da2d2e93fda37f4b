// The browser's half of DropZone: a file is read and sent chunk by chunk, as the server asks for them.

export function render({model}) {
  const zone = element("label", "zone")
  const input = element("input", "input")
  input.type = "file"
  input.accept = model.accept
  input.setAttribute("aria-label", "Choose a movie")
  const icon = element("span", "icon")
  icon.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3 6.5 8.5l1.4 1.4L11 ' +
    '6.8V16h2V6.8l3.1 3.1 1.4-1.4zM4 15v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4h-2v4H6v-4z"/></svg>'
  const invitation = element("span", "invitation")
  invitation.append("Drop a movie here, or ", element("b", {}, "choose a file"))
  zone.append(input, icon, invitation, element("span", "limits", model.limits))

  let file = null // what is on its way
  let offers = 0
  const offer = (chosen) => {
    if (!chosen) return
    file = chosen
    offers += 1
    model.send_msg({name: chosen.name, size: chosen.size, offer: offers})
  }
  const answer = async ({from, bytes, offer}) => {
    if (offer !== offers) return // of a file that another has taken the place of
    if (from === null) file = null
    if (!file) return
    const sending = file
    let chunk = new ArrayBuffer(0) // which the server refuses
    try {
      chunk = await sending.slice(from, from + bytes).arrayBuffer()
    } catch {
      // The file was changed or removed since it was chosen.
    }
    if (file === sending) model.send_msg({chunk, offer})
  }
  const hears = (message) => answer(message.data ?? message)
  model.on("msg:custom", hears)
  input.addEventListener("change", () => {
    offer(input.files[0])
    input.value = "" // so that the same file can be chosen again
  })
  let depth = 0 // children tell of entering and leaving, too
  const over = (change) => {
    depth = Math.max(0, depth + change)
    zone.toggleAttribute("data-over", depth > 0)
  }
  zone.addEventListener("dragenter", () => over(1))
  zone.addEventListener("dragleave", () => over(-1))
  zone.addEventListener("dragover", (event) => event.preventDefault())
  zone.addEventListener("drop", (event) => {
    event.preventDefault()
    over(-depth)
    offer(event.dataTransfer.files[0])
  })
  return zone
}
