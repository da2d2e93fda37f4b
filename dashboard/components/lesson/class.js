// A class: its code, who follows, and the wall of everyone's guesses and answers.

const SECRET = "maxstim-class-"

/** The presenter's secret of a class, kept by their browser if it allows it. */
function keptSecret(code) {
  try {
    return localStorage.getItem(SECRET + code)
  } catch {
    return null
  }
}

function keepSecret({code, secret}) {
  try {
    localStorage.setItem(SECRET + code, secret)
  } catch {}
}

class ClassView {
  constructor(send) {
    this.send = send
    const press = (label, said, testid) => {
      const button = element("button", {type: "button", class: "text-button", "data-testid": testid}, label)
      button.addEventListener("click", () => send(said))
      return button
    }
    const toggle = (label, name, testid) => {
      const input = element("input", {type: "checkbox", "data-testid": testid})
      input.addEventListener("change", () => send({[name]: input.checked}))
      return [input, element("label", "switch", input, element("span", {}, label))]
    }
    this.open = press("Open a class with this lesson", {class: "open"}, "class-open")
    this.code = element("strong", {"data-testid": "class-code"})
    this.copy = element("button", {type: "button", class: "text-button", "data-testid": "class-link"}, "Copy the link for the class")
    this.copy.addEventListener("click", () => this.copyLink())
    this.end = press("End the class", {class: "end"}, "class-end")
    this.leave = press("Leave", {class: "leave"}, "class-leave")
    const [follow, followLabel] = toggle("Follow the presenter", "follow", "class-follow")
    const [anonymous, anonymousLabel] = toggle("Without my name", "anonymous", "class-anonymous")
    Object.assign(this, {follow, followLabel, anonymous, anonymousLabel})
    this.facts = element("p", {class: "small quiet", "data-testid": "class-facts"})
    this.counts = element("ul", {class: "counts", "aria-label": "How often each was guessed", "data-testid": "class-counts"})
    this.wall = element("ul", {class: "wall", tabindex: 0, "aria-label": "Everyone's answers", "data-testid": "class-wall"})
    this.inside = element("div", "inside", element("p", "line", element("span", {}, "Class "), this.code, this.copy),
      element("div", "line", followLabel, anonymousLabel), this.facts, this.counts, this.wall,
      element("div", "line", this.end, this.leave))
    this.root = element("section", {class: "class", "aria-label": "Class"}, this.open, this.inside)
  }

  copyLink() {
    const address = new URL(location.pathname, location.href)
    address.searchParams.set("lesson", this.told.presented)
    address.searchParams.set("class", this.told.code)
    navigator.clipboard?.writeText(String(address)).then(() => { this.copy.textContent = "Copied" }, () => this.sayLink(address))
    if (!navigator.clipboard) this.sayLink(address)
  }

  sayLink(address) {
    this.facts.textContent = String(address)
  }

  show(told) {
    this.told = told
    this.open.hidden = Boolean(told)
    this.inside.hidden = !told
    if (!told) return
    const {code, presents, follows, anonymous, members, presented_step, counts, wall, waits} = told
    const secret = presents ? null : keptSecret(code)
    if (secret && this.claimed !== code) {
      this.claimed = code
      this.send({secret})
    }
    this.code.textContent = code
    this.copy.hidden = this.end.hidden = !presents
    this.leave.hidden = presents
    this.followLabel.hidden = this.anonymousLabel.hidden = presents
    this.follow.checked = follows
    this.anonymous.checked = anonymous
    const people = members === 1 ? "1 follows" : `${members} follow`
    const where = presents ? "Your steps, and what you choose and show, are followed." : `The presenter is at step ${presented_step}.`
    const waiting = waits ? " Guess to see what others have guessed." : ""
    this.facts.textContent = `${people}. ${where}${waiting}`
    const most = Math.max(1, ...counts.map(({count}) => count))
    this.draw("counts", counts, () => this.counts.replaceChildren(...counts.map(({words, count}) => {
      const bar = element("i")
      bar.style.width = `${100 * count / most}%`
      return element("li", {}, element("span", {}, words), element("span", "bar-of", bar), element("strong", {}, String(count)))
    })))
    this.draw("wall", wall, () => this.wall.replaceChildren(...wall.map((one) => this.entry(one))))
    this.counts.hidden = !counts.length
    this.wall.hidden = !wall.length
  }

  entry({name, guess, said, reached, key}) {
    const node = element("li", {}, element("strong", {}, name || "Somebody"))
    if (guess !== undefined) node.append(element("span", {}, `guessed ${guess}`))
    if (said !== undefined) node.append(element("span", {class: reached ? "reached" : ""}, `${reached ? "✓ " : ""}${said}`))
    if (key) {
      const show = element("button", {type: "button", class: "text-button"}, "Show")
      show.setAttribute("aria-label", `Show the movie of ${name || "somebody"}`)
      show.addEventListener("click", () => this.send({show: key}))
      node.append(show)
    }
    return node
  }

  draw(part, told, make) {
    this.drawn ??= {}
    const text = JSON.stringify(told)
    if (this.drawn[part] === text) return
    this.drawn[part] = text
    make()
  }
}
