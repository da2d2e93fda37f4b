"""The networks: connectome, parameters, files, and opening by name."""
