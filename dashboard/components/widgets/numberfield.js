// The browser's half of NumberField.

export function render({model}) {
  const number = new NumberEntry((said) => model.send_msg(said))
  const properties = ["label", "unit", "description", "low", "high", "start", "end", "step", "disabled"]
  const describe = () => number.describe(Object.fromEntries(properties.map((p) => [p, model[p]])))
  for (const property of properties) model.on(property, describe)
  model.on("shown", () => number.show(model.shown))
  describe()
  number.show(model.shown)
  return number.root
}
