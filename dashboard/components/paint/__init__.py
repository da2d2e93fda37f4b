"""The browser's canvas to paint on, and its Python half."""
