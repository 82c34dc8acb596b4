# What a newcomer needs: make demo, make test. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := api worker trainer analysis store cli migrations
PROCESSES ?= 3
PAGE := hatch_build.py $(shell find web docs -name node_modules -prune -o -type f -print)

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# A shell that forbids bytecode would have every process of ours compiled anew: a third of a second each.
export PYTHONDONTWRITEBYTECODE :=

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Runtwice needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11 demo")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.service: pyproject.toml constraints.txt $(PAGE) | $(VENV)/bin/python
	@echo "Installing Runtwice and PyTorch into $(VENV) (once; about a minute and 1.5 GB with the CPU build) ..."
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[worker]'
	@touch $@

$(VENV)/.tests: pyproject.toml constraints.txt $(PAGE) | $(VENV)/bin/python
	RUNTWICE_WITHOUT_PAGE=1 $(BIN)/python -m pip install -q -c constraints.txt -e '.[worker,test]'
	$(BIN)/python web/build.py --checks
	@touch $(VENV)/.service $@

.PHONY: install
install: $(VENV)/.service ## make .venv and install the project with its worker

.PHONY: demo
demo: $(VENV)/.service ## train eight experiments on real MNIST images, rerun one, show what helped
	@$(BIN)/runtwice demo

.PHONY: up
up: $(VENV)/.service ## keep the service running at http://127.0.0.1:8800
	@$(BIN)/runtwice up

.PHONY: test
test: $(VENV)/.tests ## all tests, on SQLite, PostgreSQL and Valkey from wheels, by PROCESSES=3 at once
	$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal

.PHONY: check
check: $(VENV)/.tests ## lint, types, import arrows, file sizes; the page's types, lint and unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/test_tree.py
	$(BIN)/python web/check.py

.PHONY: page
page: $(VENV)/.tests ## build the page anew after a change in web/
	$(BIN)/python web/build.py

.PHONY: types
types: $(VENV)/.tests ## the page's types from the API's OpenAPI document
	$(BIN)/python web/check.py --write

.PHONY: proof
proof: $(VENV)/.tests ## what takes long: kill loops, many reruns, many more examples
	$(BIN)/python -m pytest -m proof -o timeout=1800 -v
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=thorough -o timeout=3600 -n $(PROCESSES) --dist worksteal

.PHONY: bench
bench: $(VENV)/.tests ## the figures of docs/benchmarks.md, on SQLite and on PostgreSQL
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.on_postgres bench.ingest
	$(BIN)/python -m bench.curves
	$(BIN)/python -m bench.on_postgres bench.curves
	$(BIN)/python -m bench.table
	$(BIN)/python -m bench.on_postgres bench.table
	$(BIN)/python -m bench.page
	$(BIN)/python -m bench.idle
	$(BIN)/python -m bench.export
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.wandb_stream
	$(BIN)/python -m bench.first_point
	$(BIN)/python -m bench.verdict
	$(BIN)/python -m bench.studies
	$(BIN)/python -m bench.on_postgres bench.studies
	$(BIN)/python -m bench.training_overhead
	$(BIN)/python -m bench.train
	$(BIN)/python -m bench.train --batch 64 --adam

.PHONY: bench-peers
bench-peers: $(VENV)/.tests ## the same work on other trackers and on Runtwice, side by side (ARGS=--quick for a first look)
	$(BIN)/python -m bench.peers $(ARGS)

.PHONY: clean
clean: ## remove .venv and caches; data folders stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist *.egg-info
