// The browser's half of Snippet.

export function render({model}) {
  const root = document.createElement("div")
  root.className = "snippet"
  const lines = document.createElement("pre")
  lines.tabIndex = 0
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = "Copy"
  const select = () => {
    const range = document.createRange()
    range.selectNodeContents(lines)
    const selection = window.getSelection()
    selection.removeAllRanges()
    selection.addRange(range)
  }
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.text)
      button.textContent = "Copied"
    } catch {
      // Browsers keep the clipboard for https and localhost; elsewhere the lines are selected.
      select()
      button.textContent = "Selected: press Ctrl+C"
    }
    setTimeout(() => { button.textContent = "Copy" }, 2500)
  })
  const draw = () => { lines.textContent = model.text }
  model.on("text", draw)
  draw()
  root.append(button, lines)
  return root
}
