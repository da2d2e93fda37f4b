"""Lessons: text beside the page, in steps that set, highlight, ask, reveal and check."""
