"""``python -m maxstim_core.cli`` does what ``maxstim`` does."""

import sys

from maxstim_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
