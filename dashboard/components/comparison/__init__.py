"""What stands beside an answer: its controls, and its curve."""
