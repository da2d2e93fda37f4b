"""Waiting: a request becomes a run in a queue, a result in a store.

Nothing here imports torch but `maxstim_core.runs.execute`: the work is done in worker processes.
"""
