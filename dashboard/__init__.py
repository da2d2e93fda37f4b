"""The page: one Panel dashboard over `maxstim_core`."""
