"""What is on the page, in large type, with what to take home."""
