"""``panel serve dashboard --setup dashboard/warm.py``: start the worker before the first visitor."""

from maxstim_core.networks.bundled import DEFAULT
from maxstim_core.runs.queue import the_queue

the_queue().warm(DEFAULT)
