# Two commands do everything on a machine that has Python 3.11 or newer and make:
#
#   make serve    the dashboard in your browser (PORT=5006, ADDRESS and more: maxstim serve --help)
#   make test     style, layers and types, then all tests, browser tests included where there is a
#                 Chromium (PYTEST_ARGS=tests/optimal for one room, WORKERS=0 for one process)
#
# Both make the environment .venv first if it is missing or out of date. PYTHON= names another Python.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$python; break; }; done)
PORT ?= 5006
WORKERS ?= auto
VENV := .venv
export PIP_DISABLE_PIP_VERSION_CHECK := 1
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: serve test lock format clean
.DEFAULT_GOAL := serve

serve: $(READY)
	@exec $(BIN)/maxstim serve --port $(PORT)

test: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy maxstim_core
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --max-worker-restart 0 \
		$(PYTEST_ARGS)

format: $(READY)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock:
	@$(check_python)
	@$(PYTHON) scripts/lock.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find maxstim_core dashboard scripts tests -type d -name __pycache__ -prune -exec rm -rf {} +

# The stamp is the last thing made, so that an interrupted installation starts again.
$(READY): requirements.lock pyproject.toml
	@$(check_python)
	@echo "Making the environment $(VENV) (once; this can take a few minutes) ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
		echo "$(PYTHON) could not make the environment $(VENV) (on Debian and Ubuntu: apt install python3-venv);" \
		"'$(PYTHON) -m venv $(VENV)' says more." >&2; exit 1; }
	@$(BIN)/python -m pip install -qq -r requirements.lock \
		|| { echo "The dependencies could not be installed; mend what pip says above and run make again." >&2; exit 1; }
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $@

define check_python
{ test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; } \
	|| { echo "maxstim needs Python 3.11 or newer; install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
endef
