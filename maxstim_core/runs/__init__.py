"""Waiting: a request becomes a run in a queue, a result in a store.

`the_queue` is the one queue of this process. It is kept here and not in the dashboard, because
under ``panel serve`` the pages of an application may load their own modules more than once. Nothing
here imports torch: the work is done in worker processes.
"""

from maxstim_core.runs.queue import RunQueue, the_queue
from maxstim_core.runs.request import RunRequest
from maxstim_core.runs.snapshot import RunSnapshot
from maxstim_core.runs.store import RunStore, StoredResult
from maxstim_core.storage.data_dir import data_directory

__all__ = [
    "RunQueue",
    "RunRequest",
    "RunSnapshot",
    "RunStore",
    "StoredResult",
    "data_directory",
    "the_queue",
]
