"""The player of stimulus and response on the hexagonal eye."""
