// Draws a ring round parts of the page, and hides or locks others, wherever they are.

/** All roots of the page: the document and the shadow roots in it. */
function* rootsOf(root) {
  yield root
  for (const node of root.querySelectorAll("*")) if (node.shadowRoot) yield* rootsOf(node.shadowRoot)
}

const selectorOf = (name) => `:is([data-testid="${CSS.escape(name)}"], [data-part="${CSS.escape(name)}"])`

// A ring stays off the words in it and around it: settings stand close together, and the words of the player and
// of the headline begin at their edges.
const ROOM = {player: 8, headline: 4}

/** One stylesheet in every root of the page: what comes later is found when `show` is called again. */
class Spotlight {
  constructor() {
    this.sheet = new CSSStyleSheet()
    this.said = ""
  }

  show({highlight = [], hidden = [], fixed = []}) {
    const rules = [
      ...hidden.map((name) => `${selectorOf(name)} { display: none !important; }`),
      ...fixed.map((name) => `${selectorOf(name)} { pointer-events: none; outline: 1px dashed var(--quiet); outline-offset: 2px; }`),
      ...highlight.map((name) => `${selectorOf(name)} { outline: 2px solid var(--accent) !important; outline-offset: ${ROOM[name] ?? 2}px; border-radius: 10px; scroll-margin: 12px; }`),
    ].join("\n")
    const is_new = rules !== this.said
    if (is_new) this.sheet.replaceSync(rules)
    this.said = rules
    if (rules) this.adopt()
    return is_new
  }

  adopt() {
    for (const root of rootsOf(document)) {
      if (!root.adoptedStyleSheets.includes(this.sheet)) {
        root.adoptedStyleSheets = [...root.adoptedStyleSheets, this.sheet]
      }
    }
  }

  /** Bring the first of some parts that the page has into sight; the sections that it lies in are opened. */
  reach(names) {
    for (const name of names) {
      for (const root of rootsOf(document)) {
        for (const node of root.querySelectorAll(selectorOf(name))) {
          for (let at = node; at; at = at.parentNode ?? at.host) if (at.tagName === "DETAILS") at.open = true
          if (!node.getClientRects().length) continue
          const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
          node.scrollIntoView({block: "nearest", behavior: calm ? "auto" : "smooth"})
          return
        }
      }
    }
  }

  remove() {
    for (const root of rootsOf(document)) {
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((one) => one !== this.sheet)
    }
  }
}
