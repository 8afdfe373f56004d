# A fresh Debian 12 with Python 3.11, git and make is enough: `make demo`, `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# What is never loaded need not be compiled: a third of an installation's time.
INSTALL := $(PIP) install --quiet --no-compile
WALL := services/dashboard_api/wall
NPM := bash scripts/npm.sh $(VENV)
WALL_SOURCES := $(shell find $(WALL) \( -name node_modules -o -name dist \) -prune -o -type f -print)
# Extra arguments: make demo ARGS="--port 9000", make test PYTEST="-k admission"
ARGS ?=
PYTEST ?=
# Where it is set, each of the hundreds of processes of a test run compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE
# Tests of servers wait a third of their time.
WORKERS = $(shell echo $$(($$(nproc) + 2)))

.PHONY: help setup product demo demo-cluster test lint lint-python lint-wall pytest ready soak \
	bench schemas lock clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1\t\2/p' Makefile | expand -t 20

setup: product $(STAMPS)/kafka  ## .venv with the `yiping` command, the wall built, Java and Kafka's jars

# All that one process needs: no Java.
product: $(STAMPS)/project $(WALL)/dist/index.html

demo: product  ## a province of 92 centres, live, on http://127.0.0.1:8000
	@exec $(BIN)/python -m services demo $(ARGS)

demo-cluster: setup $(STAMPS)/test  ## the same on Kafka and PostgreSQL, each service a process
	@exec $(BIN)/python -m tests.demo_cluster $(ARGS)

test:  ## linters, type checks and all tests but the long loops
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint-wall ready
	@$(MAKE) --no-print-directory --jobs=2 lint-python pytest

lint: lint-python lint-wall  ## linters and type checks, and the wall's own tests

lint-python: product $(STAMPS)/test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-wall: $(WALL)/node_modules/.package-lock.json
	$(NPM) run --silent lint
	$(NPM) run --silent check
	$(NPM) run --silent test

# All that tests need.
ready: setup $(STAMPS)/test $(STAMPS)/test_machine

pytest: ready  ## the tests of Python and of the pages alone
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder $(PYTEST)

soak: ready  ## the long loops: kills, disorder, sums over many days
	$(BIN)/pytest -m soak -o faulthandler_timeout=7200 $(PYTEST)

bench: setup $(STAMPS)/test  ## benchmarks, each beside its part's own limit, into docs/benchmarks.md
	$(BIN)/python -m tests.bench $(ARGS)

schemas: product  ## rewrite schemas/generated from the code
	$(BIN)/yiping schemas write

lock: $(STAMPS)/venv  ## rewrite the locks from pyproject.toml; newer versions with ARGS=--upgrade
	$(PIP) install --quiet uv
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --group test --constraint requirements.lock \
		--output-file requirements-test.lock
	$(LOCK) --group node --output-file requirements-node.lock

# No index lines and no header: the locks hold for whichever mirror a machine uses.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --no-emit-index-url $(ARGS)

clean:  ## remove all that `make` has made, but no data
	rm -rf $(VENV) $(WALL)/node_modules $(WALL)/dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# Each step leaves a stamp, so that a second `make` starts at once.

$(STAMPS)/venv: scripts/venv.sh
	@bash scripts/venv.sh $(PYTHON) $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements.lock $(STAMPS)/venv
	@echo "Installing the packages of requirements.lock"
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/runtime
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(STAMPS)/test: requirements-test.lock $(STAMPS)/project
	@echo "Installing the packages of requirements-test.lock"
	@$(INSTALL) --require-hashes -r requirements-test.lock
	@$(PIP) check
	@touch $@

$(STAMPS)/test_machine: scripts/test_machine.sh $(STAMPS)/venv
	@bash scripts/test_machine.sh
	@touch $@

$(STAMPS)/kafka: scripts/kafka.sh scripts/kafka.xml scripts/kafka.sha256 $(STAMPS)/venv
	@bash scripts/kafka.sh >/dev/null
	@touch $@

$(WALL)/node_modules/.package-lock.json: $(WALL)/package.json $(WALL)/package-lock.json $(STAMPS)/venv
	@echo "Installing the packages of the wall"
	@$(NPM) ci --include=dev --no-audit --no-fund --loglevel=error
	@touch $@

$(WALL)/dist/index.html: $(WALL_SOURCES) $(WALL)/node_modules/.package-lock.json
	@echo "Building the wall"
	@$(NPM) run --silent build -- --logLevel warn
	@touch $@
