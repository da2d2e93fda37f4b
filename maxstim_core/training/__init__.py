"""How the bundled networks were fitted: reproducible from one command, ``maxstim fit``."""
