// The browser's half of Sidebar: draws what the server says is chosen, and says what a person does.

const CARD = "M14 2H6c-1.1 0-1.99.9-1.99 2L4 20c0 1.1.89 2 1.99 2H18c1.1 0 2-.9 2-2V8zm2 16H8v-2h8zm0-4H8v-2h8zm-3-5V3.5L18.5 9z"
const PLAY = "M8 5v14l11-7z"

/** The tabs of the methods, and the settings of the one in sight. */
class Methods {
  constructor(methods, groups, send) {
    this.methods = methods
    this.panels = methods.map((about) =>
      new MethodPanel(about, groups, (said) => send("sweep" in said ? said : {method: about.method, ...said})))
    this.tabs = methods.map(({method, title}) => {
      const tab = element("button", {
        type: "button", role: "tab", id: `tab-${method}`, "aria-controls": `panel-${method}`,
      }, title)
      tab.addEventListener("click", () => this.choose(method, send))
      return tab
    })
    const list = element("div", {class: "tabs", role: "tablist", "aria-label": "Method", "data-part": "method"}, ...this.tabs)
    list.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowLeft: -1}[event.key]
      if (!step) return
      const at = (this.tabs.indexOf(event.target) + step + this.tabs.length) % this.tabs.length
      event.preventDefault()
      this.tabs[at].focus()
      this.choose(this.methods[at].method, send)
    })
    this.root = element("div", {}, list, ...this.panels.map(({root}) => root))
  }

  choose(method, send) {
    this.mark(method) // at once: the server is sure to agree
    send({choose: method})
  }

  mark(chosen) {
    this.methods.forEach(({method}, k) => {
      const isChosen = method === chosen
      this.tabs[k].setAttribute("aria-selected", String(isChosen))
      this.tabs[k].tabIndex = isChosen ? 0 : -1
      this.panels[k].root.hidden = !isChosen
    })
  }

  /** Return what stands in the fields that are typed into, whether it has been sent or not. */
  typed() {
    return Object.fromEntries(this.panels.map(({about, rows}) => [about.method,
      Object.fromEntries([...rows].filter(([, {entry}]) => entry.entry)
        .map(([name, {entry}]) => [name, entry.entry.value]))]))
  }

  showSweep(sweep) {
    for (const panel of this.panels) panel.showSweep(sweep)
  }

  show(choice) {
    this.mark(choice.method)
    for (const panel of this.panels) panel.show(choice)
  }
}

/** What is known of the network, and the way to its model card. */
class NetworkFacts {
  constructor(send) {
    this.state = element("p", "small quiet")
    this.card = element("button", {type: "button", class: "button", "data-part": "card"}, icon(CARD), "Model card")
    this.card.addEventListener("click", () => send({press: "card"}))
    this.warning = element("div", {class: "alert", hidden: ""})
    this.root = element("div", "network", element("div", "line", this.state, this.card), this.warning)
  }

  show({state, card, warning, severity, tells_tuning}) {
    this.state.textContent = state
    for (const node of [this.state, this.warning]) { // by their part lessons hide them
      if (tells_tuning) node.dataset.part = "tuning"
      else delete node.dataset.part
    }
    this.card.disabled = !card
    if (this.warning.textContent !== warning) this.warning.textContent = warning
    this.warning.hidden = !warning
    this.warning.className = `alert ${severity}`
    if (warning) this.warning.setAttribute("role", "alert")
    else this.warning.removeAttribute("role")
  }
}

/** Pause, step, slow motion and the way back of a run whose sliders act while it goes. */
class SteerBar {
  constructor(send) {
    const button = (name, label, title) => {
      const made = element("button", {type: "button", class: "button", "data-testid": `steer-${name}`}, label)
      made.title = title
      return made
    }
    this.pause = button("pause", "Pause", "Pause the run; the settings can be changed meanwhile")
    this.step = button("step", "Step", "Take one iteration, and pause")
    this.slow = button("slow", "Slow", "Two iterations a second")
    this.more = button("more", "Continue", "Take as many iterations more")
    this.back = button("back", "Back to", "Go back to this iteration, as though the run had never gone on")
    this.iteration = element("input", {type: "text", inputmode: "numeric", autocomplete: "off", "aria-label": "Iteration to go back to",
      "data-testid": "steer-iteration"})
    this.note = element("p", {class: "small quiet", role: "status"})
    this.pause.addEventListener("click", () => send({press: this.paused ? "go" : "pause"}))
    this.step.addEventListener("click", () => send({press: "step"}))
    this.slow.addEventListener("click", () => send({press: this.isSlow ? "go" : "slow"}))
    this.more.addEventListener("click", () => send({press: "more"}))
    const back = () => send({back: this.iteration.value}) // what is no iteration is said
    this.back.addEventListener("click", back)
    this.iteration.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey) back()
    })
    // The player tells at which iteration somebody looks.
    document.addEventListener("maxstim-iteration", (event) => { this.iteration.value = String(event.detail ?? "") })
    this.root = element("div", {class: "steer", hidden: "", "data-testid": "steer"},
      element("div", "line", this.pause, this.step, this.slow, this.more, this.back, this.iteration), this.note)
  }

  show(steer) {
    this.root.hidden = !steer
    if (!steer) return
    const {run, live, paused, slow, step, more, note} = steer
    this.paused = paused
    this.isSlow = slow && !paused
    for (const one of [this.pause, this.step, this.slow]) one.hidden = !live
    this.more.hidden = live
    this.pause.textContent = paused ? "Go on" : "Pause"
    this.slow.setAttribute("aria-pressed", String(this.isSlow))
    this.more.textContent = `${more} more`
    this.iteration.placeholder = `${live ? 0 : 1}–${live ? step : Math.max(1, step - 1)}`
    if (run !== this.shown) this.iteration.value = ""
    this.shown = run
    if (this.note.textContent !== note) this.note.textContent = note
  }
}

/** Run and Cancel, how far the run is, and what went wrong, always in sight. */
class RunBar {
  constructor(send) {
    const press = (name) => () => send({press: name})
    this.run = element("button", {type: "button", class: "go", "data-testid": "run", id: "run"},
      icon(PLAY), element("span", {}, "Run"))
    this.run.setAttribute("aria-keyshortcuts", "Control+Enter")
    this.run.title = "Ctrl + Enter"
    this.cancel = element("button", {type: "button", class: "button cancel"}, "Cancel")
    this.run.addEventListener("click", press("run"))
    this.cancel.addEventListener("click", press("cancel"))
    this.sweep = element("button", {type: "button", class: "button sweep", "data-testid": "sweep", "aria-pressed": "false",
      title: "Try many settings, and compare answers"}, "Sweep")
    this.sweep.addEventListener("click", press("sweep"))
    this.sweeping = new SweepBar((sweep) => send({sweep}), (name) => send({press: name}))
    const close = element("button", {type: "button", class: "close", "aria-label": "Close"}, icon(CLOSE))
    close.addEventListener("click", press("close problem"))
    this.said = element("span")
    this.close = close
    this.problems = element("div", "problems")
    this.bar = element("i")
    this.progress = element("div", {class: "progress", role: "progressbar", "aria-label": "Progress of the run"}, this.bar)
    this.hint = element("p", "small quiet keys", "Ctrl + Enter runs from anywhere on the page.")
    this.status = element("div", "status")
    this.steer = new SteerBar(send)
    // What comes and goes stands above: Run and Cancel stay where they are.
    this.root = element("div", "runbar", this.problems, this.sweeping.root, this.steer.root,
      element("div", "line", this.run, this.cancel, this.sweep), this.progress, this.status)
  }

  showSweep(sweep) {
    this.sweep.setAttribute("aria-pressed", String(Boolean(sweep.open)))
    this.sweeping.show(sweep)
  }

  show({label, cancel, progress, start, numbers, problem, steer}) {
    this.steer.show(steer)
    this.run.lastChild.textContent = label
    this.cancel.disabled = !cancel
    if (problem !== (this.problem ?? "")) {
      this.problem = problem
      this.said.textContent = problem
      // A new element is read aloud; one that was empty before may not be.
      this.problems.replaceChildren(...(problem
        ? [element("div", {class: "alert error", role: "alert"}, this.said, this.close)] : []))
    }
    this.progress.style.visibility = progress === null ? "hidden" : "visible"
    this.progress.classList.toggle("unknown", progress < 0)
    this.bar.style.width = `${100 * Math.max(progress ?? 0, 0)}%`
    if (progress === null || progress < 0) this.progress.removeAttribute("aria-valuenow")
    else this.progress.setAttribute("aria-valuenow", String(Math.round(100 * progress)))
    const text = start + numbers
    const said = this.status.querySelector("[role=status]")
    // The foot keeps its height, whether there is something to say or not.
    if (!text) this.status.replaceChildren(this.hint)
    else {
      const line = said ?? element("p", {class: "small quiet", role: "status",
        "data-testid": "run-status"}, element("span"), element("span"))
      line.title = text
      line.firstChild.textContent = start
      line.lastChild.textContent = numbers
      if (!said) this.status.replaceChildren(line)
    }
  }
}

const KEPT = "maxstim-kept"

/** Keep what stands in the fields while the page is opened again; a browser may forbid it. */
function keep(values, typed) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({values, typed, address: location.pathname}))
  } catch {}
}

/** Say once more what was kept, where it is not what there is. */
function restore(model, send) {
  let kept = null
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT))
    sessionStorage.removeItem(KEPT)
  } catch {}
  if (kept?.address !== location.pathname) return
  for (const [method, settings] of Object.entries(kept.values)) {
    for (const [setting, {value, text}] of Object.entries(settings)) {
      const entry = kept.typed[method]?.[setting] ?? text
      const shown = model.choice.values[method]?.[setting]
      if (!shown) continue
      if (text === undefined) {
        if (value !== shown.value) send({method, setting, value, restored: true})
      } else if (entry !== shown.text) send({method, setting, entry, restored: true})
    }
  }
}

export function render({model}) {
  const {described} = model.esm_constants
  const send = (said) => model.send_msg(said)
  const cells = new CellPicker(described.cells, (cell) => {
    cells.show(cell)
    send({cell})
  })
  const networks = new NetworkPicker(described.most_bytes, send)
  const facts = new NetworkFacts(send)
  const methods = new Methods(described.methods, described.cells, send)
  const device = new ChoiceEntry({...described.device, choices: []}, ({value}) => send({device: value}))
  const runbar = new RunBar(send)
  const show = {
    choice: () => {
      const {choice} = model
      cells.show(choice.cell_type)
      networks.show(choice.network)
      methods.show(choice)
      if (JSON.stringify(choice.devices) !== JSON.stringify(device.choices)) device.offer(choice.devices)
      device.show({value: choice.device})
    },
    groups: () => {
      networks.offer(model.groups)
      for (const panel of methods.panels) panel.offerNetworks(model.groups)
    },
    network: () => {
      facts.show(model.network)
      networks.answer(model.network.said, model.network.refused)
    },
    run: () => runbar.show(model.run),
    sweep: () => {
      methods.showSweep(model.sweep)
      runbar.showSweep(model.sweep)
    },
  }
  for (const [name, draw] of Object.entries(show)) {
    model.on(name, draw)
    draw()
  }
  const shortcut = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !document.querySelector("dialog[open]")) {
      event.preventDefault()
      // What stands in a field counts: it is sent when the field is left.
      runbar.run.focus()
      runbar.run.click()
    }
  }
  document.addEventListener("keydown", shortcut)
  model.on("remove", () => document.removeEventListener("keydown", shortcut))
  const keeping = () => keep(model.choice.values, methods.typed())
  addEventListener("maxstim-keep", keeping)
  model.on("remove", () => removeEventListener("maxstim-keep", keeping))
  restore(model, send)
  return element("div", "sidebar",
    element("div", "controls", cells.root, networks.root, facts.root, methods.root,
      element("hr"), element("div", {class: "where", "data-part": "device"}, device.root)),
    runbar.root)
}
