"""The best clips of a search side by side, as small hexagons that move."""
