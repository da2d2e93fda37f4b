#!/usr/bin/env bash
# distributed 2026.8.0: a nanny starts a lost worker process anew, so a good guess is that a LocalCluster keeps its number
# of workers, however slow a start is. But a worker that is not back within distributed.deploy.lost-worker-timeout (15 s
# by default, 2 s below) is closed for good while it starts, which imports on a busy machine can take; no other is asked
# for until scale(n) is called. Seen in the output below, and in SpecCluster._update_worker_status of deploy/spec.py.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet distributed==2026.8.0
cat > "$work/slow_start.py" <<'PY'
import time

def dask_setup(worker):
    time.sleep(4)
PY
cat > "$work/lose.py" <<'PY'
import os
import signal
import sys
import time

import dask
import distributed


def workers_after_a_loss(timeout, start):
    """Return how many workers there are 12 s after the only one has ended."""
    dask.config.set({"distributed.deploy.lost-worker-timeout": timeout})
    options = {"preload": [start], "dashboard_address": None, "processes": True}
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, **options) as cluster:
        with distributed.Client(cluster) as client:
            (process,) = client.run(os.getpid).values()
            os.kill(process, signal.SIGKILL)  # as a kernel does that is out of memory
            time.sleep(12)
            left = len(client.scheduler_info()["workers"])
            cluster.scale(1)
            client.wait_for_workers(1, timeout=60)
            return left


if __name__ == "__main__":
    print(f"distributed {distributed.__version__}:", end=" ")
    print("waiting 2 s leaves", workers_after_a_loss("2s", sys.argv[1]), end=" worker(s), ")
    print("waiting 60 s leaves", workers_after_a_loss("60s", sys.argv[1]), "worker(s)")
PY
said=$("$work/venv/bin/python" "$work/lose.py" "$work/slow_start.py" 2> /dev/null)
echo "$said"
[ "$said" = "distributed 2026.8.0: waiting 2 s leaves 0 worker(s), waiting 60 s leaves 1 worker(s)" ]
