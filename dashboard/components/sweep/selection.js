// What is selected of the rows: one selection for films, table and plots, in the browser alone.

class Selection {
  constructor() {
    this.ids = new Set()
    this.listeners = []
  }

  has(id) {
    return this.ids.has(id)
  }

  set(ids) {
    this.ids = new Set(ids)
    for (const heard of this.listeners) heard()
  }

  toggle(id) {
    const ids = new Set(this.ids)
    if (!ids.delete(id)) ids.add(id)
    this.set(ids)
  }

  /** Forget what is not there any more. */
  keep(ids) {
    const there = new Set(ids)
    if ([...this.ids].some((id) => !there.has(id))) this.set([...this.ids].filter((id) => there.has(id)))
  }
}
