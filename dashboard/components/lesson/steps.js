// A step of a lesson: its text, a question, what comes after the guess, and a check.

const TEXT_TAGS = new Set(["p", "strong", "em", "ul", "ol", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "h4",
  "code", "pre", "br", "hr"])

/** Make the elements of a text; `tree` holds texts and elements, as `lesson_tree` returns it. */
function textNodes(tree) {
  return tree.map((node) => {
    if (typeof node === "string") return node
    const children = textNodes(node.children)
    if (node.tag === "a" && /^https?:/.test(node.href)) {
      return element("a", {href: node.href, target: "_blank", rel: "noopener noreferrer"}, ...children)
    }
    return TEXT_TAGS.has(node.tag) ? element(node.tag, {}, ...children) : element("span", {}, ...children)
  })
}

/** The question of a step: choices, or a field for a number. */
class Question {
  constructor({text, choices, out, right, said}, send) {
    const group = `guess-${Math.random()}`
    this.root = element("fieldset", {"data-testid": "lesson-question"}, element("legend", {}, text))
    if (choices.length) {
      choices.forEach((words, k) => {
        const input = element("input", {type: "radio", name: group, value: k})
        input.disabled = out
        input.addEventListener("change", () => send({guess: String(k)}))
        const label = element("label", "choice", input, element("span", {}, words))
        if (out && right.includes(k)) {
          label.classList.add("right")
          label.append(element("span", "mark", " ✓ right"))
        }
        this.root.append(label)
      })
    } else {
      const input = element("input", {type: "text", inputmode: "decimal", "aria-label": "Your guess", "data-testid": "lesson-number", maxlength: 30})
      this.number = input
      const take = element("button", {type: "submit", class: "button"}, "Guess")
      input.disabled = take.disabled = out
      const form = element("form", "line", input, take)
      form.addEventListener("submit", (event) => {
        event.preventDefault()
        send({guess: input.value})
      })
      this.refused = element("p", {class: "small problem", role: "status", "data-testid": "lesson-refused", hidden: ""})
      this.root.append(form, this.refused)
    }
    this.guessed = element("p", {class: "small quiet", hidden: ""})
    this.root.append(this.guessed)
    if (said) this.root.append(element("p", {class: "judged", "data-testid": "lesson-judged"}, said))
  }

  /** Mark what was guessed; who is answering keeps the focus. */
  mark({guess, refused, choices, out}) {
    if (choices.length) {
      for (const input of this.root.querySelectorAll("input")) input.checked = input.value === guess
      return
    }
    if (out || (!this.number.value && !refused)) this.number.value = guess
    if (this.refused.textContent !== refused) this.refused.textContent = refused
    this.refused.hidden = !refused
    this.guessed.hidden = !guess || out
    this.guessed.textContent = `Your guess: ${guess}`
  }
}

/** What is shown of a step; made anew where the step, its question or what is revealed is another. */
class StepView {
  constructor(send) {
    this.send = send
    this.heading = element("h3", {tabindex: -1, "data-testid": "lesson-heading"})
    this.text = element("div", {class: "text", "data-testid": "lesson-text"})
    this.question = element("div")
    this.show_it = element("button", {type: "button", class: "button", "data-testid": "lesson-reveal"}, "Show the answer")
    this.show_it.addEventListener("click", () => send("reveal"))
    this.hint = element("p", "small quiet", "Guess first.")
    this.revealed = element("div", {class: "text revealed", role: "status", "data-testid": "lesson-revealed"})
    this.check = element("button", {type: "button", class: "button", "data-testid": "lesson-check"}, "Check my movie")
    this.check.addEventListener("click", () => send("check"))
    this.said = element("p", {class: "said", role: "status", "data-testid": "lesson-said"})
    this.root = element("div", "step", this.heading, this.text, this.question, this.show_it, this.hint, this.revealed, this.check, this.said)
    this.drawn = {}
  }

  /** Draw a part if what it shows has changed. */
  draw(part, told, make) {
    const text = JSON.stringify(told)
    if (this.drawn[part] === text) return false
    this.drawn[part] = text
    make()
    return true
  }

  /** Show a step; return whether it is another than before. */
  show(step, lesson) {
    const is_new = this.draw("step", [lesson, step.number, step.title], () => { this.heading.textContent = step.title })
    this.draw("text", step.text, () => this.text.replaceChildren(...textNodes(step.text)))
    const {guess, refused, ...asked} = step.question ?? {}
    this.draw("question", [lesson, step.number, asked], () => {
      this.asked = step.question && new Question(step.question, this.send)
      this.question.replaceChildren(...(this.asked ? [this.asked.root] : []))
    })
    this.asked?.mark(step.question)
    this.show_it.hidden = !step.may_reveal
    this.hint.hidden = !(step.question && step.reveals && !step.question.guess && !step.reveal)
    this.draw("reveal", step.reveal, () => this.revealed.replaceChildren(...textNodes(step.reveal ?? [])))
    this.revealed.hidden = !step.reveal
    this.check.hidden = !step.goal
    const said = step.goal?.said ?? ""
    if (this.said.textContent !== said) this.said.textContent = said
    this.said.hidden = !said
    this.said.dataset.reached = String(step.goal?.reached ?? "")
    return is_new
  }
}
