# make demo   five models checked, reports in demo/out
# make test   everything a change must pass (fast tests)
# make slow   the slow tests        make check   linters, types, architecture
# make fix    format and mend       make bench   figures side by side
# make docs   pages made from code

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --disable-pip-version-check -q -c constraints.txt

.PHONY: demo test slow check fix bench docs clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[demo,train]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[dev]'
	touch $@ $(VENV)/.demo

demo: $(VENV)/.demo
	$(BIN)/python demo/run_demo.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/make_docs.py --check

test: check
	$(BIN)/python -m pytest -n 2 -m "not slow"

slow: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -m slow -rP

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/make_docs.py

bench: $(VENV)/.dev
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(VENV)/.dev
	$(BIN)/python tools/make_docs.py

clean:
	rm -rf $(VENV) demo/out .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
