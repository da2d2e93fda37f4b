"""Curves on canvases: the central traces, and the losses."""
