"""The dialog in which a person adds a movie."""
