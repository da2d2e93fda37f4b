"""Drawing a stimulus, with the response under it as one draws."""
