"""What stands beside an answer: its controls, its curve, and its mechanism."""
