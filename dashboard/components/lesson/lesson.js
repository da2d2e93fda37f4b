// The browser's half of LessonPanel: the list of lessons, or a lesson step by step beside the page.

/** Lessons to choose from, and a field for the code of a class. */
class LessonChooser {
  constructor(send) {
    this.lessons = element("ul", {class: "lessons", "data-testid": "lesson-list"})
    this.problems = element("div", {class: "problems"})
    const code = element("input", {type: "text", maxlength: 20, autocapitalize: "characters", autocomplete: "off", "data-testid": "class-join-code"})
    const form = element("form", "line", element("label", {}, "Code of a class ", code),
      element("button", {type: "submit", class: "button", "data-testid": "class-join"}, "Join"))
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      send({join: code.value})
    })
    this.send = send
    this.root = element("div", {}, this.lessons, this.problems, form)
  }

  show({lessons, problems}) {
    const text = JSON.stringify([lessons, problems])
    if (text === this.drawn) return
    this.drawn = text
    this.lessons.replaceChildren(...lessons.map(({name, title, minutes, about, own}) => {
      const button = element("button", {type: "button", class: "lesson", "data-testid": `lesson-${name}`},
        element("strong", {}, title), element("span", "small quiet", `${minutes} minutes${own ? " · of this server" : ""}`),
        element("span", {}, about))
      button.addEventListener("click", () => this.send({open: name}))
      return element("li", {}, button)
    }))
    this.problems.replaceChildren(...problems.map((said) => element("p", {class: "small problem"}, said)))
  }
}

const NARROW_PAGE = matchMedia("(max-width: 899px)") // where the lesson takes room from the movie

class LessonView {
  constructor(model) {
    this.model = model
    const send = (said) => model.send_msg(said)
    const press = (label, testid, what) => {
      const button = element("button", {type: "button", class: "button", "data-testid": testid}, label)
      button.addEventListener("click", what)
      return button
    }
    this.spotlight = new Spotlight()
    this.chooser = new LessonChooser(send)
    this.step = new StepView(send)
    this.class = new ClassView(send)
    this.title = element("h2", {"data-testid": "lesson-title"})
    this.where = element("p", {class: "small quiet", "data-testid": "lesson-step"})
    this.fold = element("button", {type: "button", class: "text-button", "data-testid": "lesson-fold", "aria-expanded": "true"}, "Fold")
    this.fold.addEventListener("click", () => this.foldUp(!this.isFolded))
    const close = element("button", {type: "button", class: "close", "aria-label": "Close the lessons", "data-testid": "lesson-close"}, icon(CLOSE))
    close.addEventListener("click", () => send("close"))
    this.note = element("p", {class: "alert", role: "status", "data-testid": "lesson-note", hidden: ""})
    this.reading = element("p", {class: "quiet"}, "Reading the lessons …")
    this.back = press("Back", "lesson-back", () => send({go: this.number - 2}))
    this.next = press("Next", "lesson-next", () => send(this.isLast ? "list" : {go: this.number}))
    this.all = press("All lessons", "lesson-all", () => send("list"))
    this.hiding = element("button", {type: "button", class: "text-button", "data-testid": "lesson-shows-all"})
    this.hiding.addEventListener("click", () => send({"shows all": !this.shows_all}))
    this.hides = element("p", {class: "small quiet"})
    this.lesson = element("div", "lesson-body", this.step.root,
      element("div", {class: "line steps"}, this.back, this.next, this.all), this.hides, this.hiding, this.class.root)
    this.body = element("div", "panel-body", this.note, this.reading, this.chooser.root, this.lesson)
    this.root = element("aside", {class: "lesson-panel", "aria-label": "Lesson", "data-testid": "lesson-panel"},
      element("header", {role: "none"}, element("div", "names", this.title, this.where), this.fold, close), this.body)
    this.looking = setInterval(() => this.spotlight.said && this.spotlight.adopt(), 1500) // parts that came later
    this.asking = setInterval(() => this.waits && send("again"), 4000)
    this.refresh()
  }

  foldUp(isFolded) {
    this.isFolded = isFolded
    this.body.hidden = isFolded
    this.fold.textContent = isFolded ? "Unfold" : "Fold"
    this.fold.setAttribute("aria-expanded", String(!isFolded))
    this.root.dispatchEvent(new CustomEvent("maxstim-lesson-fold", {bubbles: true, composed: true, detail: isFolded}))
  }

  refresh() {
    const {open, note = "", reading, list, lesson, step, class: told} = JSON.parse(this.model.told)
    this.root.hidden = !open
    this.waits = Boolean(reading)
    if (this.note.textContent !== note) this.note.textContent = note
    this.note.hidden = !note
    this.reading.hidden = !(reading && !lesson)
    this.chooser.root.hidden = !list || Boolean(reading)
    this.lesson.hidden = !lesson
    this.title.textContent = lesson?.title ?? "Lessons"
    this.where.textContent = lesson ? `Step ${step.number} of ${lesson.steps} · ${lesson.minutes} minutes in all` : "Choose one; they build on each other."
    if (list) this.chooser.show(list)
    if (!open || !lesson) {
      this.spotlight.show({})
      this.step.drawn = {}
      return
    }
    this.number = step.number
    this.isLast = step.number === lesson.steps
    this.back.disabled = step.number === 1
    this.next.textContent = this.isLast ? "Finish" : "Next"
    this.shows_all = lesson.shows_all
    const kept = [...(lesson.hides.length ? [`Hidden meanwhile: ${lesson.hides.join(", ")}.`] : []),
      ...(lesson.hides_until_out.length ? [`Hidden until the answer is out: ${lesson.hides_until_out.join(", ")}.`] : []),
      ...(lesson.fixes.length ? [`Kept as set: ${lesson.fixes.join(", ")}.`] : [])].join(" ")
    this.hides.textContent = kept
    this.hides.hidden = !kept
    this.hiding.hidden = !lesson.hides.length
    this.hiding.textContent = lesson.shows_all ? "Hide it again" : "Show all"
    const is_new = this.step.show(step, lesson.name)
    this.spotlight.show({highlight: step.highlight, hidden: lesson.hidden, fixed: lesson.fixed})
    this.class.show(told)
    if (is_new) {
      this.body.scrollTop = 0
      if (this.wasThere) this.step.heading.focus({preventScroll: true})
      this.spotlight.reach(NARROW_PAGE.matches ? [...step.highlight, "player"] : step.highlight)
    }
    this.wasThere = true
  }

  destroy() {
    clearInterval(this.looking)
    clearInterval(this.asking)
    this.spotlight.remove()
  }
}

export function render({model}) {
  model.drawn = true // else the first message would describe the whole model to the server, which has it
  const view = new LessonView(model)
  model.on("told", () => view.refresh())
  model.on("msg:custom", (message) => keepSecret(message.data?.secret ? message.data : message))
  model.on("remove", () => view.destroy())
  return view.root
}
