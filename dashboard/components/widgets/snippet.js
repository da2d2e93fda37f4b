// Lines of code with a button that copies them.

class SnippetView {
  constructor() {
    this.lines = element("pre", {tabindex: 0})
    const button = element("button", {type: "button", class: "copy"}, "Copy")
    const select = () => {
      const range = document.createRange()
      range.selectNodeContents(this.lines)
      const selection = window.getSelection()
      selection.removeAllRanges()
      selection.addRange(range)
    }
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.lines.textContent)
        button.textContent = "Copied"
      } catch {
        // Browsers keep the clipboard for https and localhost; elsewhere the lines are selected.
        select()
        button.textContent = "Selected: press Ctrl+C"
      }
      setTimeout(() => { button.textContent = "Copy" }, 2500)
    })
    this.root = element("div", "snippet", button, this.lines)
  }

  show(text) {
    this.lines.textContent = text
  }
}
