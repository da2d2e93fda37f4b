"""The view of a sweep: films, table and plots with one selection."""
