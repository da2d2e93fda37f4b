"""From a movie to activity, and the exact adjoint back.

The equations are in docs/numerics.md#dynamics and docs/numerics.md#gradients.

`maxstim_core.simulation.choose_engine.make_engine` chooses how to compute; every engine agrees with the
plain-torch `maxstim_core.simulation.reference.ReferenceEngine`.
"""
