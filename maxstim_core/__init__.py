"""Maximally excitatory stimuli of the connectome-constrained fly visual system.

Importing this package does nothing but name its version: no device is touched, no directory made and
no heavy library loaded until a function needs it.
"""

__version__ = "0.1.0"
