// Put before the code of a component that lets a person choose from what is stored.

/** A list to choose from that sends what is chosen and goes back to its words. */
class Chooser {
  constructor(words, send) {
    this.words = words
    this.select = element("select", {"aria-label": words})
    this.select.addEventListener("change", () => {
      if (this.select.value) send(this.select.value)
      this.select.value = ""
    })
  }

  offer(items) {
    if (items === this.items) return
    this.items = items
    this.select.replaceChildren(element("option", {value: ""}, this.words),
      ...items.map(({key, label}) => element("option", {value: key}, label)))
    this.select.disabled = !items.length
  }
}
