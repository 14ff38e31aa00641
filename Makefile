# make            what there is
# make demo       everything set up, then sample calls through the live server
# make test       everything set up, then every test
# Every target can be run again at once: what is done is marked in .venv/.stamps.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PYTEST ?= $(BIN)/python -m pytest
WORKERS ?= 2
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-fast check lint types rules docs docs-check fix browser screenshots clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMPS)/weights ## virtual environment, packages, speech model

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo 'needs Python 3.11 or newer (make PYTHON=/path/to/python3.11)' >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V 2>&1) (make PYTHON=/path/to/python3.11)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo 'on Debian: apt-get install python3-venv' >&2; exit 2; }

$(STAMPS)/packages: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -q -e '.[dev]'
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/weights: models/manifest.toml $(STAMPS)/packages
	$(BIN)/monitor models pull >/dev/null
	@mkdir -p $(STAMPS) && touch $@

demo: setup ## sample calls through the live server, in real time (ARGS="--once" ends by itself)
	$(BIN)/monitor demo $(ARGS)

serve: setup ## the live server on 127.0.0.1:8000
	$(BIN)/monitor serve $(ARGS)

# The pages are tested in a real browser, in Chinese; their scripts under node. Debian has all three.
browser:
	@missing=""; \
	command -v node >/dev/null || missing="$$missing nodejs"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1 || missing="$$missing fonts-noto-cjk"; \
	if [ -n "$$missing" ]; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "installing$$missing"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	  else echo "tests of the pages need:$$missing (apt-get install$$missing)" >&2; exit 2; fi; \
	fi

test: setup browser ## every test, by two workers (WORKERS=0: by none, for a debugger)
	$(PYTEST) -n $(WORKERS) $(ARGS)
	node --test tests/js/*.test.mjs

test-fast: setup ## without speech model and browser
	$(PYTEST) -m 'not whisper and not browser' $(ARGS)

check: lint types test rules docs-check ## what CI runs

lint: $(STAMPS)/packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMPS)/packages
	$(BIN)/mypy

rules: $(STAMPS)/packages ## every rule file and its examples
	$(BIN)/monitor rules check

fix: $(STAMPS)/packages ## format, and repair what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMPS)/packages ## the generated pages under docs/
	$(BIN)/python docs/generate.py

docs-check: $(STAMPS)/packages
	$(BIN)/python docs/generate.py --check

screenshots: setup browser ## the pictures of the pages under docs/images (ARGS=agent: those whose names hold it)
	$(BIN)/python -W ignore::DeprecationWarning -m tests.web_pages.screenshots docs/images $(ARGS)

bench-peers: setup ## environments of the programs that bench/ compares with (ARGS="faster-whisper wyoming": only these)
	PYTHON=$(PYTHON) bench/peers/setup.sh $(ARGS)

clean: ## remove what make made, weights excepted
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
