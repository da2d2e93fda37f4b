// The browser's half of Snippet.

export function render({model}) {
  const lines = element("pre", {tabindex: 0})
  const button = element("button", {type: "button"}, "Copy")
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
  return element("div", "snippet", button, lines)
}
