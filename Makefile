# Everything a person or a machine does with this project. Needs Python 3.11 or newer and make; the rest is installed here.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
PYTEST := $(BIN)/python -m pytest
# what plays on two cores: one worker each, a file stays together because its fixtures are shared
WORKERS ?= auto
# more for pytest: make test ARGS="tests/service -x"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check format e2e bench assure messages clean

help:  ## this list
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: $(RUN_STAMP)  ## install, load the demo company if there is no data yet, serve
	@if [ -n "$(CIM_DATABASE_URL)" ]; then echo "Using CIM_DATABASE_URL; no demo data is loaded."; \
	elif [ ! -e "$${CIM_HOME:-var}/cim.db" ]; then $(BIN)/python -m cim demo; \
	else echo "Using the data in $${CIM_HOME:-var}/."; fi
	@echo "Open http://$${CIM_HOST:-127.0.0.1}:$${CIM_PORT:-8501}"
	@exec $(BIN)/python -m cim serve

test: $(DEV_STAMP)  ## everything that needs no server: services, pages, analytics
	$(PYTEST) -n $(WORKERS) --dist loadfile $(ARGS)

check: $(DEV_STAMP)  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(DEV_STAMP)  ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

e2e: $(DEV_STAMP)  ## journeys through a real browser (needs chromium)
	$(PYTEST) tests/e2e -m e2e

bench: $(RUN_STAMP)  ## ratios against a baseline measured in the same run
	$(BIN)/python -m cim bench

assure: $(DEV_STAMP)  ## long bars of security and reliability; prints G<n> tried=N failed=M
	$(BIN)/python -m tools.assure

messages: $(DEV_STAMP)  ## texts that have no Chinese yet, as entries for cim/locale/zh.po
	@$(BIN)/python -m tools.messages

clean:  ## remove what can be made again; data in var/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

# A stamp is newer than the requirements it was made from: a second run installs nothing.
$(RUN_STAMP): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV_STAMP): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(RUN_STAMP) $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "CIM needs Python 3.11 or newer, and '$(PYTHON)' is not. Try: make PYTHON=python3.12 run" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python cannot make a virtual environment here; on Debian: apt-get install python3-venv" >&2; exit 1; }
