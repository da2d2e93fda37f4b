"""The player: stimulus and response hexagons side by side, and the central trace beneath."""
