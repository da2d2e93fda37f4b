// The browser's half of LossPlot: a small plot per loss term, or the ranking of the natural clips.

/** Return the place in rising numbers of the one that is nearest; -1 where there is none. */
function nearest(numbers, wanted) {
  let best = -1
  numbers.forEach((one, k) => {
    if (best < 0 || Math.abs(one - wanted) < Math.abs(numbers[best] - wanted)) best = k
  })
  return best
}

export function render({model}) {
  const title = element("h2")
  const whose = element("small")
  const boxes = element("div", "losses")
  const ranking = new RankingView((place) => model.send_msg(place))
  const scales = Object.entries({Linear: "linear", Log: "log"}).map(([name, scale]) => {
    const button = element("button", {type: "button"}, name)
    button.addEventListener("click", () => choose(scale))
    return [scale, button]
  })
  const switcher = element("div", {class: "choices", role: "group", "aria-label": "Scale of the losses"},
    ...scales.map(([, button]) => button))
  let scale = "linear"
  let plots = []
  let run = ""
  let lookedAt = null // the iteration that somebody looks at in the player
  const choose = (chosen) => {
    scale = chosen
    draw()
  }
  const draw = () => {
    const searched = model.rows.length > 0
    whose.textContent = model.whose
    title.textContent = searched ? "Best clips" : "Loss"
    switcher.hidden = boxes.hidden = searched
    ranking.root.hidden = !searched
    for (const [name, button] of scales) button.setAttribute("aria-pressed", String(name === scale))
    ranking.show(model.rows, model.chosen)
    const losses = unpack(model.losses)
    if (searched || !losses) return boxes.replaceChildren()
    const {terms, iterations} = losses
    if (plots.length !== terms.length) {
      plots = terms.map((term, k) => new Plot({
        label: `${term.title} over the iterations`, height: k === terms.length - 1 ? 144 : 102,
        xLabel: k === terms.length - 1 ? "Iteration" : "",
      }))
      for (const plot of plots) plot.shared = plots
      boxes.replaceChildren(...plots.map(({root}) => root))
    } else if (!boxes.childElementCount) boxes.replaceChildren(...plots.map(({root}) => root))
    if (losses.run !== run) {
      run = losses.run
      lookedAt = null
      for (const plot of plots) plot.span = null // another run: its axes begin afresh
    }
    const x = Array.from(iterations)
    plots.forEach((plot, k) => {
      const term = terms[k]
      const values = Array.from(losses.values.subarray(k * x.length, (k + 1) * x.length))
      const isLog = scale === "log"
      const y = isLog ? values.map((value) => (value > term.lowest ? value - term.lowest : NaN)) : values
      const line = {name: isLog ? "above its lowest" : term.title, x, y, width: 2,
        color: k === 0 ? color("accent") : color("quiet")}
      const place = lookedAt === null ? -1 : nearest(x, lookedAt)
      const title = isLog ? `${term.title}, above its lowest` : term.title
      plot.show([line], {
        log: isLog ? term.powers : null, unit: "", words: (at) => `iteration ${Math.round(at)}`,
        marks: place < 0 ? [] : [x[place]],
        title: place < 0 ? title : `${title}: ${valueText(values[place])} at iteration ${x[place]}`,
      })
    })
  }
  for (const property of ["losses", "rows", "chosen", "whose", "dark"]) model.on(property, draw)
  document.addEventListener("maxstim-iteration", (event) => {
    lookedAt = event.detail
    draw()
  })
  draw()
  return element("section", {class: "card", "aria-label": "How the search went"},
    element("header", {}, title, whose, switcher), boxes, ranking.root)
}
