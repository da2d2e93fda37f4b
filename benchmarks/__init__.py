"""Speed as a ratio: maxstim beside flyvis, in one call, on one machine.

    python -m benchmarks.engine --flyvis-python PATH    one optimisation step
    python -m benchmarks.search                         the natural search
    python -m benchmarks.gpu                            the same and more on a GPU

``RESULTS.md`` keeps the tables.
"""
