"""Clip sets on disk: stored, imported, and Sintel."""
