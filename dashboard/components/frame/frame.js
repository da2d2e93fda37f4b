// The browser's half of Frame: where everything stands, the theme, and the help.

const MENU = "M3 18h13v-2H3zm0-5h10v-2H3zm0-7v2h13V6zm18 9.59L17.42 12 21 8.41 19.59 7l-5 5 5 5z"
const HELP = "M11 18h2v-2h-2zm1-16C6.48 2 2 6.48 2 12s4.48 10 10 10 10-4.48 10-10S17.52 2 12 2m0 18c-4.41 0-8-3.59-8-8s3.59-8 8-8 8 3.59 8 8-3.59 8-8 8m0-14c-2.21 0-4 1.79-4 4h2c0-1.1.9-2 2-2s2 .9 2 2c0 2-3 1.75-3 5h2c0-2.25 3-2.5 3-5 0-2.21-1.79-4-4-4"
const SUN = "M12 7c-2.76 0-5 2.24-5 5s2.24 5 5 5 5-2.24 5-5-2.24-5-5-5M2 13h2c.55 0 1-.45 1-1s-.45-1-1-1H2c-.55 0-1 .45-1 1s.45 1 1 1m18 0h2c.55 0 1-.45 1-1s-.45-1-1-1h-2c-.55 0-1 .45-1 1s.45 1 1 1M11 2v2c0 .55.45 1 1 1s1-.45 1-1V2c0-.55-.45-1-1-1s-1 .45-1 1m0 18v2c0 .55.45 1 1 1s1-.45 1-1v-2c0-.55-.45-1-1-1s-1 .45-1 1M5.99 4.58c-.39-.39-1.03-.39-1.41 0-.39.39-.39 1.03 0 1.41l1.06 1.06c.39.39 1.03.39 1.41 0s.39-1.03 0-1.41zm12.37 12.37c-.39-.39-1.03-.39-1.41 0-.39.39-.39 1.03 0 1.41l1.06 1.06c.39.39 1.03.39 1.41 0 .39-.39.39-1.03 0-1.41zm1.06-10.96c.39-.39.39-1.03 0-1.41-.39-.39-1.03-.39-1.41 0l-1.06 1.06c-.39.39-.39 1.03 0 1.41s1.03.39 1.41 0zM7.05 18.36c.39-.39.39-1.03 0-1.41-.39-.39-1.03-.39-1.41 0l-1.06 1.06c-.39.39-.39 1.03 0 1.41s1.03.39 1.41 0z"
const MOON = "M12 3c-4.97 0-9 4.03-9 9s4.03 9 9 9 9-4.03 9-9c0-.46-.04-.92-.1-1.36-.98 1.37-2.58 2.26-4.4 2.26-2.98 0-5.4-2.42-5.4-5.4 0-1.81.89-3.42 2.26-4.4-.44-.06-.9-.1-1.36-.1"
const BOOK = "M12 6.5C10.2 5.2 7.9 4.5 5.5 4.5c-1.2 0-2.4.2-3.5.6v14c1.1-.4 2.3-.6 3.5-.6 2.4 0 4.7.7 6.5 2 1.8-1.3 4.1-2 6.5-2 1.2 0 2.4.2 3.5.6v-14c-1.1-.4-2.3-.6-3.5-.6-2.4 0-4.7.7-6.5 2m8 10.2c-.5-.1-1-.2-1.5-.2-1.9 0-3.8.5-5.5 1.3V8.2c1.6-1.1 3.6-1.7 5.5-1.7.5 0 1 0 1.5.1z"
const PERSON = "M12 12c2.21 0 4-1.79 4-4s-1.79-4-4-4-4 1.79-4 4 1.79 4 4 4m0 2c-2.67 0-8 1.34-8 4v2h16v-2c0-2.66-5.33-4-8-4"
const KEPT = "maxstim-theme"
const NAME = "maxstim-name"
const NARROW = matchMedia("(max-width: 899px)")

/** Put the colors and the type of the page on its root, once. */
function dress({style, fonts}) {
  if (document.getElementById("maxstim-style")) return
  const faces = fonts.map(({weight, file}) => `@font-face { font-family: Roboto; font-weight: ${weight};
    font-display: swap; src: url("${new URL(file, document.baseURI)}") format("woff2"); }`)
  document.head.append(element("style", {id: "maxstim-style"}, [style, ...faces].join("\n")))
}

/** Fetch what dialogs are drawn with, before the first of them. */
function fetchMaterial(addresses) {
  for (const address of addresses) {
    const href = String(new URL(address, document.baseURI))
    if (!document.head.querySelector(`link[href="${CSS.escape(href)}"]`)) {
      document.head.append(element("link", {rel: "stylesheet", href}))
    }
  }
}

/** What a person has chosen, kept by their browser for the next visit if it allows it. */
function kept(what) {
  try {
    return localStorage.getItem(what)
  } catch {
    return null
  }
}

function keep(what, value) {
  try {
    localStorage.setItem(what, value)
  } catch {}
}

/** The name of the person beside a way out, or a button to choose a name where nobody logs in. */
function person(model, leave) {
  const name = element("span", "name")
  const draw = (empty) => {
    name.textContent = model.person || empty
    name.title = model.person
  }
  if (model.may_log_out) {
    draw("")
    const form = element("form", {class: "person", method: "post", action: "./logout"}, name,
      element("button", {type: "submit", class: "button"}, "Log out"))
    form.addEventListener("submit", leave)
    return [form]
  }
  const input = element("input", {name: "name", maxlength: 40, autocomplete: "nickname"})
  const form = element("form", {method: "dialog"},
    element("label", {}, "As others see it beside your runs, and on the wall of a class; may stay empty", input),
    element("button", {type: "submit", class: "button"}, "Take this name"))
  const ask = dialog("Your name", form)
  form.addEventListener("submit", () => {
    model.person = input.value
    keep(NAME, input.value)
  })
  const button = element("button", {type: "button", class: "button person"}, icon(PERSON), name)
  const label = () => {
    draw("Your name")
    button.setAttribute("aria-label", model.person ? `Your name: ${model.person}` : "Your name")
  }
  model.on("person", label)
  label()
  button.addEventListener("click", () => {
    input.value = model.person
    ask.showModal()
  })
  const before = kept(NAME)
  if (before && !model.person) model.person = before
  return [button, ask]
}

export function render({model}) {
  const {described} = model.esm_constants
  dress(described)
  const round = (label, path) =>
    element("button", {type: "button", class: "round", "aria-label": label, title: label}, icon(path))

  const help = dialog("How to read this page")
  help.querySelector(".body").innerHTML = described.help
  const how = element("button", {type: "button", class: "button how"}, icon(HELP), element("span", {}, "How to read this"))
  how.setAttribute("aria-label", "How to read this")
  how.addEventListener("click", () => help.showModal())

  const theme = round("Toggle theme", SUN)
  const dark = () => {
    document.documentElement.dataset.theme = model.dark ? "dark" : "light"
    theme.replaceChildren(icon(model.dark ? MOON : SUN))
    theme.setAttribute("aria-pressed", String(model.dark))
  }
  theme.addEventListener("click", () => {
    model.dark = !model.dark
    keep(KEPT, model.dark ? "dark" : "light")
  })
  model.on("dark", dark)
  const before = kept(KEPT)
  const isDark = before ? before === "dark" : matchMedia("(prefers-color-scheme: dark)").matches // the system's, until one is chosen
  if (isDark !== model.dark) model.dark = isDark
  dark()

  const menu = round("Settings", MENU)
  const sidebar = model.get_child("sidebar")
  const drawer = element("div", {class: "drawer", role: "region", "aria-label": "Settings", tabindex: -1}, sidebar)
  const shade = element("div", "shade")
  const part = (name) => { // by this name lessons point at it
    const node = model.get_child(name)
    node.dataset.part = name
    return node
  }
  const main = element("main", {tabindex: -1}, model.get_child("headline"), model.get_child("player"), part("gallery"),
    part("comparison"),
    element("div", "below", ...["traces", "losses", "runs"].map(part)))
  main.addEventListener("maxstim-top", () => main.scrollTo({top: 0, behavior: "smooth"}))
  model.on("has_dialogs", () => fetchMaterial(described.material))
  const dialogs = model.get_child("dialogs")

  const skip = element("button", {type: "button", class: "skip"}, "Skip to Run")
  skip.addEventListener("click", () => {
    open(true)
    sidebar.shadowRoot.getElementById("run").focus()
  })
  const views = element("div", {class: "views", tabindex: -1}, dialogs) // dialogs float, and take no room
  const lesson = element("div", {class: "lesson"}, model.get_child("lesson"))
  const columns = element("div", "columns", drawer, shade, main, views, lesson)
  const lessons = element("button", {type: "button", class: "button lessons", "data-testid": "lessons"}, icon(BOOK), element("span", {}, "Lessons"))
  lessons.setAttribute("aria-label", "Lessons")
  lessons.addEventListener("click", () => { model.lesson_open = !model.lesson_open })
  const teach = () => {
    root.dataset.lesson = model.lesson_open ? "open" : "closed"
    lessons.setAttribute("aria-pressed", String(model.lesson_open))
  }
  let returns = false // to a view as it was left
  const nav = element("nav", {"aria-label": "Views", "data-part": "views"}, ...model.views.map(({name, label}) => {
    const button = element("button", {type: "button", "data-testid": `view-${name || "answer"}`, "data-view": name}, label)
    button.addEventListener("click", () => {
      returns = true
      model.view = name
      returns = false
    })
    return button
  }))
  const view = () => {
    for (const button of nav.children) {
      if (button.dataset.view === model.view) button.setAttribute("aria-current", "page")
      else button.removeAttribute("aria-current")
    }
    const changes = (root.dataset.view ?? "") !== model.view
    root.dataset.view = model.view
    root.classList.toggle("viewing", Boolean(model.view))
    main.hidden = Boolean(model.view)
    if (model.view) views.setAttribute("role", "main")
    else views.removeAttribute("role")
    if (changes) (model.view ? views : main).focus({preventScroll: true})
    if (changes && !model.view && !returns) main.scrollTop = 0 // what brings one here is shown there
  }
  const tellGoing = () => {
    for (const button of nav.children) {
      const {label} = model.views.find(({name}) => name === button.dataset.view)
      const going = model.going[button.dataset.view] ?? ""
      button.replaceChildren(label, ...(going ? [element("span", "going", ` ${going}`)] : []))
      button.title = going ? `${label} is going: ${going}` : ""
    }
  }
  model.on("going", tellGoing)
  tellGoing()
  const link = new LinkButton(model)
  const bar = new AddressBar()
  model.on("link_query", () => bar.show(model.link_query))
  bar.show(model.link_query)
  const [who, ...asking] = person(model, () => { connection.leaving = true })
  const root = element("div", "frame", skip,
    element("header", "bar-top", menu, element("a", {class: "brand", href: "./"}, "maxstim"),
      element("span", "tagline", "Which movie excites this cell most?"), nav, element("span", "room"), lessons, link.button, link.panel, how, who, theme),
    columns, help, ...asking)
  const connection = new Connection(root, columns, () => model.send_msg("ping"),
    String(new URL("static/extensions/panel/css/loading.css", document.baseURI)))
  model.on("msg:custom", (message) => {
    connection.heard?.()
    const told = message?.data ?? message
    if (told?.link) link.hear(told.link)
  })
  columns.before(connection.bar)
  const open = (isOpen) => {
    root.dataset.drawer = isOpen ? "open" : "closed"
    menu.setAttribute("aria-expanded", String(isOpen))
  }
  menu.addEventListener("click", () => open(root.dataset.drawer !== "open"))
  shade.addEventListener("click", () => open(false))
  open(!NARROW.matches)
  model.on("view", view)
  view()
  lesson.addEventListener("maxstim-lesson-fold", ({detail}) => root.classList.toggle("folded", detail))
  model.on("lesson_open", teach)
  teach()
  return root
}
