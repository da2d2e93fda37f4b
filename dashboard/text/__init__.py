"""Words, formulas and sentences of the page."""
