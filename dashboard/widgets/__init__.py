"""Small custom components of the page: a Python face and a JavaScript file each, nothing loaded."""
