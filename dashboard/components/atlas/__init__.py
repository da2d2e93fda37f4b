"""The view of the atlas: tiles, players, and how alike answers are."""
