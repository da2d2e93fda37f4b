// What the pickers share: a button that opens a panel in the top layer (so that no scrolling box can
// clip it) with a search field and one button per choice, in groups. Everything works by keyboard.

const ROOM = 360 // pixels that show enough of the choices
const WIDEST = 640 // pixels of a panel, as in its stylesheet

class Picker {
  /** `what` names the choices, in the plural, for people who hear the page; `take` is told of one. */
  constructor(what, take) {
    this.take = take
    this.chips = []
    this.field = element("button", {type: "button", class: "field", "aria-haspopup": "dialog"})
    this.search = element("input", {type: "search", class: "search", "aria-label": `Search ${what}`})
    this.list = element("div", "groups")
    this.none = element("p", "none", "Nothing is called like that.")
    this.panel = element("div", {
      class: "panel", popover: "auto", role: "dialog",
      "aria-label": what[0].toUpperCase() + what.slice(1),
    }, this.search, this.list, this.none)
    this.root = element("div", "picker", this.field, this.panel)
    this.field.addEventListener("click", () => this.toggle())
    this.search.addEventListener("input", () => this.filter())
    this.panel.addEventListener("keydown", (event) => this.key(event))
    new ResizeObserver(() => this.place()).observe(this.field)
  }

  /**
   * Offer groups, each with a `title` and `members` with a `name`.
   * `draw(member, group)` returns the `parts` of a button, perhaps its `title`, and the `words` to find it
   * by; by those that are `known` of it, only while its last part is in sight.
   */
  offer(groups, draw, layout = () => "members") {
    const focused = this.chips.find(({chip}) => chip.matches(":focus"))?.member.name
    this.chips = []
    this.list.replaceChildren(...groups.map((group) => {
      const members = element("div", layout(group))
      for (const member of group.members) {
        const {parts, title, words, known = []} = draw(member, group)
        const chip = element("button",
          {type: "button", class: "chip", "data-name": member.name, ...(title ? {title} : {})}, ...parts)
        chip.addEventListener("click", () => this.choose(member.name))
        members.append(chip)
        const [text, told] = [[...words, group.title], known].map((all) => all.join(" ").toLowerCase())
        this.chips.push({chip, member, group, text, told})
      }
      return element("section", "group", element("h3", "title", group.title), members)
    }))
    this.filter()
    this.chips.find(({member}) => member.name === focused)?.chip.focus({preventScroll: true}) // what was found since is new
  }

  /** Show what is chosen: in the field, which says `label` and `value`, and among the choices. */
  show(label, value, chosen, ...parts) {
    // Its name is all that is in sight, so that who speaks to the page can say what they see.
    const shown = [element("span", "label", label), element("span", "value", value), ...parts]
    this.field.replaceChildren(...shown.flatMap((part) => [part, " "]),
      element("span", {class: "caret", "aria-hidden": "true"}, "▾"))
    for (const {chip, member} of this.chips) {
      chip.setAttribute("aria-pressed", String(member.name === chosen))
    }
  }

  get isOpen() {
    return this.panel.matches(":popover-open")
  }

  close() {
    if (this.isOpen) this.panel.hidePopover()
  }

  toggle() {
    this.place()
    this.search.value = ""
    this.filter()
    this.panel.togglePopover()
    if (this.isOpen) this.search.focus()
  }

  choose(name) {
    this.take(name)
    this.close()
    this.field.focus()
  }

  /** Leave the choices in sight that have all words of the search. */
  filter() {
    const wanted = this.search.value.trim().toLowerCase().split(/\s+/)
    const isKnown = this.chips.length && getComputedStyle(this.chips[0].chip.lastChild).display !== "none"
    for (const {chip, text, told} of this.chips) {
      chip.hidden = !wanted.every((word) => text.includes(word) || (isKnown && told.includes(word)))
    }
    for (const section of this.list.children) {
      section.hidden = !section.querySelector(".chip:not([hidden])")
    }
    this.none.hidden = this.chips.some(({chip}) => !chip.hidden)
  }

  /** Put the panel below the field, or above it where there is little room below and more above. */
  place() {
    const box = this.field.getBoundingClientRect()
    const {style} = this.panel
    const [above, below] = [box.top - 24, innerHeight - box.bottom - 24]
    const isAbove = below < ROOM && above > below
    style.left = `${Math.round(Math.max(8, Math.min(box.left, innerWidth - WIDEST - 24)))}px`
    style.top = isAbove ? "auto" : `${Math.round(box.bottom + 6)}px`
    style.bottom = isAbove ? `${Math.round(innerHeight - box.top + 6)}px` : "auto"
    style.maxHeight = `${Math.round(isAbove ? above : below)}px`
  }

  /** Arrow keys go through the choices in sight, Enter in the search takes the first of them. */
  key(event) {
    const shown = this.chips.filter(({chip}) => !chip.hidden)
    const at = shown.findIndex(({chip}) => chip.matches(":focus"))
    const searching = event.target === this.search
    if (!shown.length || (at < 0 && !searching)) return
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key]
    const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight"
    if (event.key === "Enter" && searching) {
      this.choose(shown[0].member.name)
      event.preventDefault()
    } else if (step && !(searching && sideways)) {
      shown[(Math.max(at, step > 0 ? -1 : 0) + step + shown.length) % shown.length].chip.focus()
      event.preventDefault()
    }
  }
}
