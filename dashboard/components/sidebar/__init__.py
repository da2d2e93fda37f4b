"""The sidebar, drawn in one piece."""
