"""Movies on the hexagonal eye: made scenes, probes, and files."""
