"""A movie of one's own: dropped on the page, looked at, stored as a clip set."""
