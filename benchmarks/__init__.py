"""Speed as a ratio: maxstim beside flyvis, in one call, on one machine.

    python -m benchmarks.engine --flyvis-python PATH    one optimisation step
    python -m benchmarks.search                         the natural search

``RESULTS.md`` keeps the tables.
"""
