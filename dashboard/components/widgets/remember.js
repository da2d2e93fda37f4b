// Keeps the theme that a person has chosen in the browser, for the next visit.

const KEY = "maxstim-theme"

export function render({model}) {
  // A browser may forbid it; then the theme lasts as long as the page.
  try {
    const kept = localStorage.getItem(KEY)
    if (kept) model.dark = kept === "dark"
  } catch {}
  model.on("dark", () => {
    try {
      localStorage.setItem(KEY, model.dark ? "dark" : "light")
    } catch {}
  })
  return document.createElement("span")
}
