"""From a response to what carries it: contributions of input types, and what silencing one changes."""
