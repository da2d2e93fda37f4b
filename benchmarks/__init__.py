"""Speed as a ratio, maxstim beside flyvis in one call on one machine; and what the made clips are like.

    python -m benchmarks.engine --flyvis-python PATH    one optimisation step
    python -m benchmarks.search                         the natural search
    python -m benchmarks.gpu                            the same and more on a GPU
    python -m benchmarks.scenes                         statistics of the made clips, and what they find

``RESULTS.md`` and ``SCENES.md`` keep the tables.
"""
