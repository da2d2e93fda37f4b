// A link to what is on the page: to be copied, and in the address bar.

const LINK = "M3.9 12c0-1.71 1.39-3.1 3.1-3.1h4V7H7c-2.76 0-5 2.24-5 5s2.24 5 5 5h4v-1.9H7c-1.71 0-3.1-1.39-3.1-3.1M8 13h8v-2H8zm9-6h-4v1.9h4c1.71 0 3.1 1.39 3.1 3.1s-1.39 3.1-3.1 3.1h-4V17h4c2.76 0 5-2.24 5-5s-2.24-5-5-5"
const ANSWER_PACE = 1000 // milliseconds that the server has to say what the link is by now
const ASKING_PACE = 60 // milliseconds until it is asked again while something is on its way
const ADDRESS_PACE = 500 // milliseconds: browsers refuse more than some hundred changes in half a minute

/** Leave the field that somebody types into, wherever on the page, so that what is typed is entered. */
function enterTyped(but) {
  let field = document.activeElement
  while (field?.shadowRoot?.activeElement) field = field.shadowRoot.activeElement
  if (field !== but && field?.matches("input, textarea")) field.blur()
}

/** The button that copies the link, and what it says then. */
class LinkButton {
  /** `model` has `link_query`, the query that the server knows, and `left_out`, what that leaves out. */
  constructor(model) {
    this.model = model
    this.told = {query: model.link_query, leftOut: model.left_out}
    this.button = element("button", {type: "button", class: "button link", "data-testid": "copy-link", "aria-label": "Copy link",
      title: "Copy a link that opens what is on the page, settings and frame included"}, icon(LINK), element("span", {}, "Copy link"))
    this.said = element("p", {class: "small", role: "status"})
    this.leftOut = element("p", {class: "small left-out", "data-testid": "left-out"})
    this.text = element("input", {type: "text", readonly: "", "aria-label": "Link to this page", "data-testid": "link"})
    this.panel = element("div", {class: "link-panel", popover: "auto", role: "group", "aria-label": "Link", "data-testid": "link-panel"},
      this.said, this.text, this.leftOut)
    this.button.addEventListener("click", () => this.copy())
    this.text.addEventListener("focus", () => this.text.select())
  }

  /** The link: what the server knows is on the page, and what the player alone knows. */
  get href() {
    const link = this.told.query
    const place = {}
    // Without a run, the movie in the player is not what the link is about.
    if (new URLSearchParams(link).has("run")) document.dispatchEvent(new CustomEvent("maxstim-place", {detail: place}))
    // What the player tells stands in place of what the server does.
    const said = link.slice(1).split("&").filter((part) => !Object.hasOwn(place, part.split("=")[0])).join("&")
    const query = [said, ...Object.entries(place).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)]
    return `${location.origin}${location.pathname}?${query.filter(Boolean).join("&")}`
  }

  /** What the server knows once it has heard all that was done before, and nothing is on its way. */
  async asked() {
    this.told = {query: this.model.link_query, leftOut: this.model.left_out}
    let isOver = false // where it is slow, what is known by then
    const late = new Promise((resolve) => setTimeout(() => {
      isOver = true
      resolve()
    }, ANSWER_PACE))
    while (!isOver) {
      const answered = new Promise((resolve) => { this.answer = resolve })
      this.model.send_msg("link")
      const told = await Promise.race([answered, late])
      if (told) this.told = told
      if (told?.settled) break
      await Promise.race([new Promise((resolve) => setTimeout(resolve, ASKING_PACE)), late])
    }
    return this.href
  }

  /** Take in what the server has said. */
  hear({query, left_out: leftOut, settled}) {
    this.answer?.({query, leftOut, settled})
  }

  async copy() {
    this.said.textContent = ""
    enterTyped(this.button)
    const asked = this.asked()
    let isCopied = true
    try {
      // A promise: browsers let a page copy in the moment of a press, not when the server has answered.
      const text = asked.then((href) => new Blob([href], {type: "text/plain"}))
      await navigator.clipboard.write([new ClipboardItem({"text/plain": text})])
    } catch {
      isCopied = false // browsers keep the clipboard for https and localhost
    }
    this.text.value = await asked
    this.open()
    this.leftOut.textContent = this.told.leftOut
    this.leftOut.hidden = !this.told.leftOut
    this.said.textContent = isCopied ? "The link is copied." : "This page may not copy by itself; press Ctrl + C."
    if (!isCopied) this.text.focus()
  }

  /** Open the panel below the button. */
  open() {
    if (!this.panel.matches(":popover-open")) this.panel.showPopover()
    const [at, size] = [this.button.getBoundingClientRect(), this.panel.getBoundingClientRect()]
    this.panel.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`
    this.panel.style.top = `${at.bottom + 6}px`
  }
}

/** The address of the page, which says what the link says: no entry of its own in the history for each. */
class AddressBar {
  show(search) {
    this.search = search
    if (this.rests) return
    this.rests = true
    history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`)
    setTimeout(() => {
      this.rests = false
      if (this.search !== search) this.show(this.search)
    }, ADDRESS_PACE)
  }
}
