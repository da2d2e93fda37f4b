// What all components share. Put before their own code (see `dashboard.components.esm`).

/** Make an element; `attributes` may also be the name of its class alone. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  const named = typeof attributes === "string" ? {class: attributes} : attributes
  for (const [name, value] of Object.entries(named)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

/** Make a picture of one color from the path of its outline, 24 wide and high. */
function icon(path) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  node.setAttribute("viewBox", "0 0 24 24")
  node.setAttribute("aria-hidden", "true")
  node.setAttribute("class", "icon")
  node.innerHTML = `<path d="${path}"/>`
  return node
}

/** Hand a file to the browser. */
function saveFile({name, data}) {
  const address = URL.createObjectURL(new Blob([data]))
  element("a", {href: address, download: name}).click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

const CLOSE = "M19 6.41 17.59 5 12 10.59 6.41 5 5 6.41 10.59 12 5 17.59 6.41 19 12 13.41 17.59 19 " +
  "19 17.59 13.41 12z"

const PIN = "M16 9V4h1c.55 0 1-.45 1-1s-.45-1-1-1H7c-.55 0-1 .45-1 1s.45 1 1 1h1v5c0 1.66-1.34 3-3 3v2h5.97v7l1 1 1-1v-7H19v-2c-1.66 0-3-1.34-3-3"

/** Make a dialog that Escape, its button and a click beside it close. */
function dialog(title, ...body) {
  const close = element("button", {type: "button", class: "close", "aria-label": "Close"}, icon(CLOSE))
  const heading = element("h2", {}, title)
  const node = element("dialog", {"aria-label": title},
    element("header", {role: "none"}, heading, close), element("div", {class: "body", tabindex: 0}, ...body))
  close.addEventListener("click", () => node.close())
  node.addEventListener("click", (event) => event.target === node && node.close())
  return node
}
