"""Speed as a ratio, maxstim beside flyvis in one call on one machine; made clips and fitted networks.

    python -m benchmarks.engine --flyvis-python PATH    one optimisation step
    python -m benchmarks.search                         the natural search
    python -m benchmarks.gpu                            the same and more on a GPU
    python -m benchmarks.eye                         from the pixels of a film to columns
    python -m benchmarks.scenes                         statistics of the made clips, and what they find
    python -m benchmarks.ensemble                       what networks do that they were not fitted to
    python -m benchmarks.refit                          whether a fresh fit makes a bundled network
    python -m benchmarks.held_out --folder FOLDER       what the wiring says by itself
    python -m benchmarks.flow --folder FOLDER           what the second stage of a fit brings
    python -m benchmarks.budget --folder FOLDER         stimuli on a budget beside flyvis's loss
    python -m benchmarks.library                        the first page beside a thousand stored results

The ``.md`` files keep the tables.
"""
