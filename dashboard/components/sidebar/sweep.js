// What a sweep varies: names of numbers that can be marked, and how far each marked one goes.

/** How far one setting varies: from, to, how many, and whether by equal factors. */
class RangeEntry {
  constructor(label, send) {
    this.shown = {}
    const field = (entry, words) => {
      const input = element("input", {type: "text", inputmode: "decimal", autocomplete: "off", class: "entry",
        "aria-label": `${label}: ${words}`})
      input.addEventListener("change", () => send({entry, text: input.value}))
      return input
    }
    this.fields = {low: field("low", "from"), high: field("high", "to"), count: field("count", "how many values")}
    this.log = element("input", {type: "checkbox", "aria-label": `${label}: by equal factors`})
    this.log.addEventListener("change", () => send({log: this.log.checked}))
    const {low, high, count} = this.fields
    this.root = element("div", {class: "range", role: "group", "aria-label": `How far ${label} varies`},
      element("span", {}, "from"), low, element("span", {}, "to"), high, element("span", {}, "in"), count,
      element("label", {}, this.log, "log"))
  }

  show(range) {
    for (const [name, input] of Object.entries(this.fields)) {
      if (input.getRootNode().activeElement !== input || this.shown[name] !== range[name]) input.value = range[name]
    }
    this.log.checked = range.is_log
    this.shown = range
  }
}

/** The name of a number: a button that marks it while a sweep is being chosen, else plain words. */
class VaryName {
  constructor(entry, about, send) {
    Object.assign(this, {entry, about, send})
    this.words = entry.name.textContent
    this.button = element("button", {type: "button", class: "vary", "aria-pressed": "false"}, this.words)
    this.button.addEventListener("click", (event) => {
      event.preventDefault() // the field of this name keeps out of it
      this.isPressed = true
      send({mark: about.name})
    })
    this.root = element("div", {hidden: ""})
    this.isOpen = false
  }

  show({open, can_vary: names = [], ranges = {}}) {
    const isOpen = open && names.includes(this.about.name)
    if (isOpen !== this.isOpen) {
      this.isOpen = isOpen
      this.entry.name.replaceChildren(isOpen ? this.button : this.words)
    }
    const range = isOpen ? ranges[this.about.name] : undefined
    this.button.setAttribute("aria-pressed", String(Boolean(range)))
    this.button.title = range ? "Varies; click to keep it at its value" : "Click to let it vary"
    this.root.hidden = !range
    if (!range) return
    if (!this.range) {
      this.range = new RangeEntry(this.about.label, (said) => this.send({name: this.about.name, ...said}))
      this.root.append(this.range.root)
    }
    this.range.show(range)
    // What comes into sight is to be seen: the foot of the sidebar may have grown, too.
    if (this.isPressed) requestAnimationFrame(() => this.root.scrollIntoView({block: "nearest"}))
    this.isPressed = false
  }
}

/** Above Run, while the view of sweeps is open: seeds, cost, and what starts the sweep. */
class SweepBar {
  constructor(send, press) {
    this.seeds = element("input", {type: "text", inputmode: "numeric", class: "entry", id: "sweep-seeds", autocomplete: "off"})
    this.seeds.addEventListener("change", () => send({seeds: this.seeds.value}))
    this.transfer = element("input", {type: "checkbox", id: "sweep-transfer"})
    this.transfer.addEventListener("change", () => send({transfer: this.transfer.checked}))
    this.cost = element("div", {class: "small quiet", role: "status", "data-testid": "sweep-cost"})
    this.problem = element("div", {class: "small refused", role: "alert", hidden: ""})
    this.start = element("button", {type: "button", class: "button start", "data-testid": "start-sweep"})
    this.start.addEventListener("click", () => press("start sweep"))
    this.root = element("div", {class: "sweeping", role: "group", "aria-label": "Sweep", hidden: ""},
      element("div", "line", element("label", {for: "sweep-seeds"}, "Seeds of each"), this.seeds),
      element("div", "check", this.transfer, element("label", {for: "sweep-transfer"}, "Show answers to the other networks")),
      this.cost, this.problem, this.start)
  }

  show({open, seeds, transfer, cost = "", problem = "", ready, label}) {
    this.root.hidden = !open
    if (!open) return
    if (this.seeds.getRootNode().activeElement !== this.seeds) this.seeds.value = seeds
    this.transfer.checked = transfer
    if (this.cost.textContent !== cost) this.cost.textContent = cost
    this.cost.hidden = !cost
    if (this.problem.textContent !== problem) this.problem.textContent = problem
    this.problem.hidden = !problem
    this.start.textContent = label
    this.start.disabled = !ready
  }
}
