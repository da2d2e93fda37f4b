// The browser's half of HeadlinePanel: the title, and the buttons of what there is to take home.

const TAKE = {
  Figure: "M21 19V5c0-1.1-.9-2-2-2H5c-1.1 0-2 .9-2 2v14c0 1.1.9 2 2 2h14c1.1 0 2-.9 2-2M8.5 13.5l2.5 3.01L14.5 12l4.5 6H5z",
  Film: "m18 4 2 4h-3l-2-4h-2l2 4h-3l-2-4H8l2 4H7L5 4H4c-1.1 0-1.99.9-1.99 2L2 18c0 1.1.9 2 2 2h16c1.1 0 2-.9 2-2V4z",
  NetCDF: "M5 20h14v-2H5zM19 9h-4V3H9v6H5l7 7z",
  Code: "M9.4 16.6 4.8 12l4.6-4.6L8 6l-6 6 6 6zm5.2 0 4.6-4.6-4.6-4.6L16 6l6 6-6 6z",
}

/** The dialog with the lines that make an answer without the page. */
class CodeDialog {
  constructor() {
    this.snippets = {Python: new SnippetView(), "Command line": new SnippetView()}
    this.tabs = Object.entries(this.snippets).map(([name, {root}]) => {
      const tab = element("button", {type: "button", role: "tab"}, name)
      tab.addEventListener("click", () => this.choose(name))
      root.setAttribute("role", "tabpanel")
      root.setAttribute("aria-label", name)
      return tab
    })
    this.root = dialog("Make this answer without the page",
      element("div", {class: "languages", role: "tablist", "aria-label": "Language"}, ...this.tabs),
      ...Object.values(this.snippets).map(({root}) => root))
    this.choose("Python")
  }

  choose(chosen) {
    Object.entries(this.snippets).forEach(([name, {root}], k) => {
      root.hidden = name !== chosen
      this.tabs[k].setAttribute("aria-selected", String(name === chosen))
    })
  }

  open({python, shell}) {
    this.snippets.Python.show(python)
    this.snippets["Command line"].show(shell)
    this.root.showModal()
  }
}

export function render({model}) {
  const code = new CodeDialog()
  const title = element("div", {class: "title", "data-testid": "headline"})
  const buttons = new Map(Object.entries(TAKE).map(([name, path]) => {
    const button = element("button", {type: "button", class: "button"}, icon(path), name)
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-busy") === "true") return
      if (name !== "Code") button.setAttribute("aria-busy", "true")
      model.send_msg(name)
    })
    return [name, button]
  }))
  const pin = element("button", {type: "button", class: "button pin", "data-testid": "pin", title: "Keep it to compare it with others"},
    icon(PIN), "Pin")
  pin.addEventListener("click", () => model.send_msg("Pin"))
  const iterations = new Map(["last", "best"].map((which) => {
    const button = element("button", {type: "button", title: `Show, and take home, the ${which} iteration`}, which)
    button.addEventListener("click", () => model.send_msg({iteration: which}))
    return [which, button]
  }))
  const iteration = element("div", {class: "iteration", role: "group", "aria-label": "Iteration shown"},
    ...iterations.values())
  let apart = "" // what the player shows instead of the answer
  const elsewhere = element("span", {class: "mark apart", role: "status", "data-testid": "apart"})
  const tellApart = () => {
    const {live} = model.shown
    elsewhere.textContent = apart && (live ? `the player shows ${apart}` : `the player shows ${apart}; figures and files: the answer`)
    elsewhere.hidden = !apart
    title.querySelector("h1")?.append(elsewhere)
  }
  const hear = ({detail}) => {
    apart = detail
    tellApart()
  }
  document.addEventListener("maxstim-apart", hear)
  model.on("remove", () => document.removeEventListener("maxstim-apart", hear))
  const verdict = element("p", {class: "verdict", hidden: "", "data-part": "verdict"})
  const words = element("span")
  const take = element("button", {type: "button", class: "text-button"}, "Take its settings")
  take.addEventListener("click", () => model.send_msg("Settings"))
  const note = element("p", {class: "note", "aria-live": "polite", hidden: ""}, words, take)
  model.on("msg:custom", (message) => {
    const said = message.data ?? message
    if (said.code) return code.open(said.code)
    buttons.get(said.take)?.removeAttribute("aria-busy")
    if (said.file) saveFile(said.file)
  })
  let drawn = ""
  const draw = () => {
    const {html, verdict: compared, note: said, settings, live, iteration: which, pinned} = model.shown
    verdict.textContent = compared
    verdict.hidden = !compared
    if (html !== drawn) title.innerHTML = drawn = html
    tellApart()
    words.textContent = said
    take.hidden = !settings
    iteration.hidden = !which
    for (const [name, button] of iterations) button.setAttribute("aria-pressed", String(name === which))
    note.hidden = !said
    pin.hidden = pinned === null || pinned === undefined
    pin.disabled = live
    pin.setAttribute("aria-pressed", String(Boolean(pinned)))
    for (const button of buttons.values()) button.disabled = live
  }
  model.on("shown", draw)
  draw()
  return element("div", {}, element("div", "headline", title,
    element("div", {class: "take", role: "group", "aria-label": "Take home"}, iteration, ...buttons.values(), pin),
  verdict), note, code.root)
}
