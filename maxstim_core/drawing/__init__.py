"""How values become pictures: the strip of an answer, and a result that shows it in a notebook."""
