"""The three answers to "which movie excites this cell most?": natural, regularized, generated."""
