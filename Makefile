# `make run` sets up .venv and runs the main job; `make test` sets up the same and runs the checks that CI runs.
PYTHON ?= python3
VENV ?= .venv
PIP_ARGS ?=
BIN := $(VENV)/bin

.PHONY: run test check clean

run: $(VENV)/.installed
	$(BIN)/saycraft run "make a wooden pickaxe" --replay replay.html

test: $(VENV)/.installed-test
	$(MAKE) check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "saycraft: '$(PYTHON)' not found; install Python 3.10 or newer (Debian: apt install python3 python3-venv)" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "saycraft: $$($(PYTHON) --version) is too old; Python 3.10 or newer is needed (make PYTHON=python3.12 ...)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "saycraft: this Python cannot make virtual environments; install them first (Debian: apt install python3-venv)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -e '.[language,kitchen]'
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -e '.[test,video,language,llm,kitchen,minedojo,gpu]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --no-deps 'minedojo==0.1' # whose pins no Python installs any more
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
