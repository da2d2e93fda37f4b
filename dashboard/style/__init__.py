"""Colours and stylesheets of the page."""
