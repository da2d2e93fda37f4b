"""The views of an answer: headline, traces, losses, clips, history, downloads."""
