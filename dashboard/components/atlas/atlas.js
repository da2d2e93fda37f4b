// The browser's half of AtlasPanel: what is chosen, the tiles of a network, what is opened, and what agrees.

/** Which cell types have one answer in all networks, and which several; each opens when it is clicked. */
class AgreementList {
  constructor(open) {
    this.open = open
    this.body = element("div")
    this.root = element("section", {class: "card", "aria-label": "One answer or several", "data-testid": "atlas-agreement"},
      element("h2", {}, "One answer or several"), this.body)
  }

  show({types, sentences, threshold}) {
    const compared = types.map((type, k) => ({...type, k})).filter((type) => type.likeness_mean !== null)
    const byLikeness = (several) => compared.filter(({groups}) => (groups.length > 1) === several)
      .sort((a, b) => b.likeness_mean - a.likeness_mean)
    const list = (title, members) => {
      const items = members.map(({name, k, groups, likeness_mean: mean}) => {
        const said = groups.length > 1 ? `${number(mean, 2)} · ${groups.join(" + ")}` : number(mean, 2)
        const button = element("button", {type: "button", class: "text-button"}, name)
        button.addEventListener("click", () => this.open(k))
        return element("li", {}, button, element("span", "small quiet", said))
      })
      return element("div", {}, element("h3", {}, `${title} (${members.length})`),
        items.length ? element("ul", "agreeing", ...items) : element("p", "small quiet", "None."))
    }
    this.body.replaceChildren(
      element("ul", "sentences", ...sentences.map((sentence) => element("li", {}, sentence))),
      ...(compared.length ? [
        element("p", "small quiet", `Beside each: mean likeness over pairs of networks, and how many networks share each answer. Answers are one where their likeness is at least ${threshold} on average.`),
        list("One answer", byLikeness(false)), list("Several answers", byLikeness(true))] : []))
  }
}

class AtlasPage {
  constructor(model) {
    this.model = model
    this.scenes = new Map() // unpacked tiles by what they are of
    this.asked = new Set()
    this.shown = {network: 0, order: "family", cell_type: -1, playing: []}
    const send = (said) => model.send_msg(said)
    this.send = send
    this.said = element("p", {role: "status", "data-testid": "atlas-state"})
    this.about = element("p", "quiet")
    this.network = element("select", {"aria-label": "Network", "data-testid": "atlas-network"})
    this.network.addEventListener("change", () => this.choose({network: Number(this.network.value)}))
    this.order = element("select", {"aria-label": "Order of the cell types", "data-testid": "atlas-order"},
      element("option", {value: "family"}, "by family"), element("option", {value: "likeness"}, "by likeness"))
    this.order.addEventListener("change", () => this.choose({order: this.order.value}))
    this.controls = element("div", "bar", element("label", "labelled", "Network", this.network), element("label", "labelled", "Order", this.order))
    this.head = element("section", {class: "card", "aria-label": "Atlas"}, element("h1", {}, "Atlas"), this.about, this.said, this.controls)
    this.tiles = new NetworkTiles((k) => this.choose({cell_type: k}))
    this.opened = new OpenedType(send, (playing) => {
      this.shown.playing = playing
      send({show: {...this.shown}})
    })
    this.agreement = new AgreementList((k) => this.choose({cell_type: k}))
    this.beside = element("div", "atlas-column beside", this.opened.root, this.agreement.root)
    this.parts = element("div", {class: "atlas-parts", hidden: ""},
      element("div", "atlas-column", this.tiles.root), this.beside)
    this.root = element("div", {class: "atlas-view", "data-testid": "atlas-view"}, this.head, this.parts)
    this.tell()
    if (model.about !== "{}") this.build()
  }

  tell() {
    const {state = "reading", said = ""} = this.model.state
    this.root.dataset.state = state
    if (this.said.textContent !== said) this.said.textContent = said
    this.said.hidden = !said
    this.controls.hidden = state !== "there"
  }

  /** Show another atlas. */
  build() {
    const about = JSON.parse(this.model.about)
    this.told = about
    this.shown = {...about.first}
    this.about.textContent = `The movies for ${about.types.length} cell types in ${about.networks.length} ${about.networks.length === 1 ? "network" : "networks"}: ${about.settings}.`
    this.network.replaceChildren(...about.networks.map((name, j) => element("option", {value: j}, name)))
    this.network.value = this.shown.network
    this.order.value = this.shown.order
    this.asked.add(`network ${this.shown.network}`) // comes unasked
    this.tiles.build(about)
    this.opened.build(about)
    this.parts.hidden = false
    requestAnimationFrame(() => this.agreement.show(about))
    this.arrange()
    this.takeFirst()
    if (this.shown.cell_type >= 0) this.openType()
  }

  takeFirst() {
    if (this.told && this.model.first.byteLength) this.take(this.model.first)
  }

  /** Take what a person has chosen, and tell the server, whose address of the page says it. */
  choose(changes) {
    const playing = "network" in changes || "cell_type" in changes ? [] : this.shown.playing
    Object.assign(this.shown, changes, {playing})
    this.send({show: {...this.shown}})
    this.want("network", this.shown.network)
    if ("network" in changes || "order" in changes) this.arrange()
    if ("cell_type" in changes) {
      this.openType()
      const isBeside = this.beside.getBoundingClientRect().left >= this.tiles.root.getBoundingClientRect().right
      if (isBeside) this.beside.scrollTop = 0
      else this.opened.root.scrollIntoView({block: "start"})
    } else if ("network" in changes && this.shown.cell_type >= 0) this.openType()
  }

  openType() {
    this.want("cell_type", this.shown.cell_type)
    this.opened.open(this.shown.cell_type, this.shown.network, this.shown.playing)
    this.tiles.mark(this.shown.cell_type)
    this.drawOpened()
  }

  /** Ask for tiles that are not there. */
  want(kind, number) {
    const key = `${kind} ${number}`
    if (this.asked.has(key)) return
    this.asked.add(key)
    this.send({tiles: [kind, number]})
  }

  take(block) {
    const scene = unpackTiles(block)
    this.scenes.set(`${scene.kind} ${scene.number}`, scene)
    if (scene.kind === "network") this.drawTiles()
    else this.drawOpened()
  }

  arrange() {
    this.tiles.arrange(this.shown.order, this.told.place[this.shown.network])
    this.tiles.mark(this.shown.cell_type)
    this.drawTiles()
  }

  drawTiles() {
    const scene = this.scenes.get(`network ${this.shown.network}`)
    if (scene) this.tiles.draw(scene, color("accent"), this.told.networks[this.shown.network])
  }

  drawOpened() {
    const scene = this.scenes.get(`cell_type ${this.shown.cell_type}`)
    if (scene) this.opened.draw(scene, color("accent"))
  }

  destroy() {
    for (const part of [this.tiles, this.opened]) part.destroy()
  }

  redraw() {
    if (!this.told) return
    this.drawTiles()
    this.opened.redraw(this.scenes.get(`cell_type ${this.shown.cell_type}`), color("accent"))
  }
}

export function render({model}) {
  model.drawn = true // else the first message would describe the whole model to the server, which has it
  const page = new AtlasPage(model)
  model.on("state", () => page.tell())
  model.on("about", () => page.build())
  model.on("first", () => page.takeFirst())
  model.on("dark", () => requestAnimationFrame(() => page.redraw()))
  model.on("msg:custom", (message) => {
    const told = message.data?.tiles || message.data?.films ? message.data : message
    if (told.tiles) page.take(told.tiles)
    else if (told.films) page.opened.take(unpackFilms(told.films))
  })
  model.on("remove", () => page.destroy())
  return page.root
}
