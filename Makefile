# Attention Lab. `make` lists what can be done.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin

# An index that cannot be reached is given up after one retry: seconds, not minutes.
PIP := PIP_RETRIES=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --quiet

.DEFAULT_GOAL := help
.PHONY: help run dev test lint types javascript pytest screenshots mutants bench train clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-12s %s\n", $$1, $$2}'

run: $(VENV)/run.stamp  ## install what is missing and serve the app on http://localhost:8501 (PORT=n)
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

dev: $(VENV)/run.stamp  ## the same, and reload a page when its file changes
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT) \
		--server.fileWatcherType auto --server.runOnSave true

test: lint types javascript pytest  ## everything: style, types, unit, page and browser tests

lint: $(VENV)/dev.stamp  ## style and formatting of the Python files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp  ## types of the whole tree
	$(BIN)/mypy

javascript:  ## syntax of the browser scripts, where node is installed
	@if command -v node >/dev/null; then \
		for file in ui/components/*.js attention_core/figures/*.js; do \
			[ ! -e "$$file" ] || node --input-type=module --check < "$$file" || { echo "in $$file"; exit 1; }; \
		done; \
	else echo "node is not installed: the syntax of the scripts is left to the browser tests"; fi

pytest: $(VENV)/dev.stamp  ## the tests alone (ARGS="tests/browser -k offline")
	@scripts/chromium.sh
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

screenshots: $(VENV)/dev.stamp  ## pictures of every page into docs/screenshots
	@scripts/chromium.sh
	$(BIN)/python -m scripts.screenshots

train: $(VENV)/dev.stamp  ## train the encoder-decoders (ARGS="--seeds 0"; ARGS=--search for their learning rates)
	$(BIN)/python -m scripts.train $(ARGS)

mutants: $(VENV)/dev.stamp  ## change lines one at a time: do the tests notice? (ARGS="--seed 7")
	nice $(BIN)/python -m scripts.mutants $(ARGS)

bench: $(VENV)/dev.stamp  ## measure the speed promises
	$(BIN)/python -m benchmarks

clean:  ## remove the virtual environment and every cache
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is newer than the files it was made from, so a second `make run` starts at once.
$(VENV)/run.stamp: requirements.txt constraints.txt
	@PYTHON="$(PYTHON)" scripts/venv.sh $(VENV)
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt constraints.txt
	@PYTHON="$(PYTHON)" scripts/venv.sh $(VENV)
	$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/run.stamp
