"""The dialog with the card of a network."""
