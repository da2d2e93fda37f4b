#!/usr/bin/env bash
# numba 0.68.1, njit(cache=True): the cache goes by the content of the function's own file, not by its time.
# A good guess, right for earlier releases and for make, is that touching the file compiles anew. It does not, and
# a file that was changed and changed back finds its code again. What the function calls in *other* files still does
# not count: a change there goes unseen, and old code runs on. Seen in the output below; numba/core/caching.py.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numba==0.68.1
export NUMBA_CACHE_DIR="$work/cache"
cd "$work"
cat > inner.py <<'PYTHON'
from numba import njit

@njit
def step(x):
    return x + 1
PYTHON
cat > outer.py <<'PYTHON'
import sys
import numba
from numba import njit
from inner import step

@njit(cache=True)
def twice(x):
    return step(step(x))

if __name__ == "__main__":
    result = twice(1)
    print(numba.__version__, result, "from the cache" if twice.stats.cache_hits else "compiled")
PYTHON
run() { PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" outer.py; }
first=$(run)
touch -d '+1 hour' outer.py
touched=$(run)
sed -i 's/x + 1/x + 100/' inner.py
stale=$(run)
echo "first: $first; touched: $touched; after the inner file changed to + 100: $stale"
[ "$first" = "0.68.1 3 compiled" ]
[ "$touched" = "0.68.1 3 from the cache" ]
[ "$stale" = "0.68.1 3 from the cache" ]
