// Tells when the server is out of reach, and brings the page back by itself.

const LOST = "Connection lost, trying again …"
const PATIENCE = 2000 // milliseconds that an answer may take
const ASLEEP = 30_000 // milliseconds out of sight after which a page asks whether it is still heard

class Connection {
  /** `ask` sends a word that the server answers with `heard`; `probe` is an address to try. */
  constructor(root, columns, ask, probe) {
    Object.assign(this, {root, columns, ask, probe, isLost: false})
    this.bar = element("div", {class: "connection", role: "status", "data-testid": "connection", hidden: ""})
    addEventListener("offline", () => this.lose())
    addEventListener("online", () => this.check())
    addEventListener("pagehide", () => { this.leaving = true })
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.hiddenAt = Date.now()
      else if (Date.now() - (this.hiddenAt ?? Date.now()) > ASLEEP) this.check()
    })
    for (const shown of Bokeh.documents) shown.on_event("connection_lost", (_, {connection}) => this.end(connection?.deref()))
  }

  /**
   * Let nothing be sent through a connection that is closed for good: a field that loses the focus, or keys that
   * are pressed, have something to say then, and Bokeh would complain of each. The page comes back as a new one.
   */
  end(connection) {
    if (connection) connection.send = () => {}
    this.lose(true)
  }

  /** Say that the connection is lost, and try again; `closed` is whether it is sure to be. */
  lose(closed = false) {
    if (this.leaving) return
    this.closed ||= closed
    if (this.isLost) return
    this.isLost = true
    this.bar.textContent = LOST
    this.bar.hidden = false
    this.root.dataset.connection = "lost"
    this.columns.inert = true
    this.tryAgain()
  }

  async tryAgain() {
    while (this.isLost) {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      if (!navigator.onLine) continue
      if (!this.closed && await this.isHeard()) return this.back()
      try {
        const reply = await fetch(this.probe, {cache: "no-store", method: "HEAD"})
        if (reply.ok || reply.status === 401) return this.reload() // 401: somebody has logged out
      } catch {}
    }
  }

  /** Ask the server, and say so where it does not answer. */
  async check() {
    if (!this.isLost && !await this.isHeard()) this.lose()
  }

  isHeard() {
    return new Promise((resolve) => {
      this.heard = () => resolve(true)
      setTimeout(() => resolve(false), PATIENCE)
      this.ask()
    })
  }

  back() {
    this.isLost = false
    this.bar.hidden = true
    delete this.root.dataset.connection
    this.columns.inert = false
  }

  /** Open the page again where it was: its address says what is shown, and the sidebar keeps the rest. */
  reload() {
    this.isLost = false
    this.leaving = true // what is lost from now on is lost on purpose
    dispatchEvent(new Event("maxstim-keep"))
    location.reload()
  }
}
