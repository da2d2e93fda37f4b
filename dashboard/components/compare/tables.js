// What differs between pinned answers, and their controls: a column for each answer.

const percentOf = (share) => `${Math.round(100 * share)} %`.replace("-", "−")

/** Return the head of a table: a letter and a title for each answer. */
function answerHeads(first, pins, hue) {
  return element("thead", {}, element("tr", {}, ...first.map((text) => text ? element("th", {scope: "col"}, text) : element("td")),
    ...pins.map(({letter, title, place}) => {
      const dot = element("i", {class: "dot", "aria-hidden": "true"})
      dot.style.background = hue(place)
      return element("th", {scope: "col", class: "number"}, dot, `${letter} ${title}`)
    })))
}

function wideTable(label, testid, head, lines) {
  return element("div", {class: "wide", tabindex: 0, role: "region", "aria-label": label},
    element("table", {"data-testid": testid}, head, element("tbody", {}, ...lines)))
}

/** Settings, network, cell type and seed where they differ, and what came of each. */
function differenceTable({facts, numbers, same}, pins, hue) {
  const line = (head, cells) => element("tr", {}, element("th", {scope: "row"}, head), ...cells)
  const asked = facts.map(({label, values}) => line(label, values.map((value) => element("td", "number", value))))
  const came = numbers.map(({label, unit, values}) =>
    line(unit ? `${label} (${unit})` : label, values.map((value) => element("td", "number", number(value)))))
  const rule = element("tr", "rule", element("th", {scope: "rowgroup", colspan: pins.length + 1}, "What came of it"))
  const first = element("tr", "rule", element("th", {scope: "rowgroup", colspan: pins.length + 1},
    asked.length ? "What was asked differently" : "All was asked alike"))
  const parts = [wideTable("What differs between the answers", "difference-table", answerHeads([""], pins, hue),
    [first, ...asked, rule, ...came])]
  if (pins.length > 1 && same.length) {
    parts.push(element("details", "same", element("summary", {}, `The same in all: ${same.length} settings`), element("p", "small quiet", same.join(" · "))))
  }
  return parts
}

/** The controls of all answers, the bars from 0 on one scale. */
function controlsTableOf({rows}, pins, hue) {
  const all = rows.flatMap(({cells}) => cells.map((cell) => cell?.response ?? 0))
  const [least, most] = [Math.min(...all, 0), Math.max(...all, 0)]
  const part = (value) => `${100 * value / (most - least || 1)}%`
  const cellOf = (cell, k) => {
    if (!cell) return element("td", "number quiet", "–")
    const bar = element("i", {class: "part", "aria-hidden": "true"})
    bar.style.setProperty("--from", part(Math.min(cell.response ?? 0, 0) - least))
    bar.style.setProperty("--part", part(Math.abs(cell.response ?? 0)))
    bar.style.setProperty("--hue", hue(pins[k].place))
    return element("td", {class: "number", title: `${cell.name}, contrast energy ${number(cell.energy)}`}, bar,
      element("span", {}, `${number(cell.response, 2)} `), element("em", "quiet", cell.share === null ? "" : percentOf(cell.share)))
  }
  return wideTable("Controls of the answers", "controls-table", answerHeads(["Control", "Shown at"], pins, hue),
    rows.map(({kind, shown, cells}) => element("tr", {}, element("th", {scope: "row"}, kind), element("td", "quiet", shown),
      ...cells.map(cellOf))))
}
