#!/usr/bin/env bash
# numba 0.68.1: an array is freed as soon as its name is not read any more, before the function ends, although its address
# (`.ctypes.data`, handed on to compiled code) is still in use; the next arrays then lie at that very address. A good guess,
# right for the same function in plain Python, is that a local array lives until the function returns. Results are right
# until another thread allocates, so that tests of one thread pass. Seen in the output below.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numba==0.68.1 numpy==2.4.6
cat > "$work/addresses.py" <<'PYTHON'
import numba
import numpy as np
from numba import njit


def taken(reads_it_later):
    """Return how many of fifty later arrays lie where the first one does."""
    def count():
        first = np.zeros(1000, np.float32)
        address = first.ctypes.data
        found = 0
        for _ in range(50):
            found += np.ones(1000, np.float32).ctypes.data == address
        return found + (int(first[0]) if reads_it_later else 0)

    return count


print(numba.__version__, njit(taken(False))(), njit(taken(True))(), taken(False)())
PYTHON
seen=$("$work/venv/bin/python" "$work/addresses.py")
echo "version, of 50 arrays at the address: compiled, compiled and read later, plain: $seen"
[ "$seen" = "0.68.1 50 0 0" ]
