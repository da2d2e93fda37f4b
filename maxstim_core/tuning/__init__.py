"""Tuning of the cell types: what is known of flies, how it is measured, and what a network has of it."""
