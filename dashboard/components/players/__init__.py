"""Movies side by side in step, for whatever component compares answers: JavaScript alone."""
