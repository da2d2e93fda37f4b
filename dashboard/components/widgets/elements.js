// What all components share. Put before their own code (see `dashboard.components.esm`).

/** Make an element; `attributes` may also be the name of its class alone. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  const named = typeof attributes === "string" ? {class: attributes} : attributes
  for (const [name, value] of Object.entries(named)) node.setAttribute(name, value)
  node.append(...children)
  return node
}
