"""The best clips side by side."""
