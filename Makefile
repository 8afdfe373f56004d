# Everything that a fresh Debian 12 with Python 3.11, git and make needs: `make demo`, `make test`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
WALL := services/dashboard_api/wall
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet

# Node from the machine where it is new enough, else from the lock of its own; see deploy/README.md.
NODE_ENV := PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH"

.PHONY: help setup setup-test demo test lint bench soak lock schemas clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: $(STAMPS)/project $(STAMPS)/wall  ## .venv with the `yiping` command, and the wall built

setup-test: setup $(STAMPS)/test $(STAMPS)/system  ## what only tests need as well

$(STAMPS)/venv:
	@bash scripts/venv.sh $(PYTHON) $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/runtime: requirements.lock $(STAMPS)/venv
	@echo "Installing the packages of requirements.lock"
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/runtime
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(STAMPS)/test: requirements-test.lock $(STAMPS)/project
	@echo "Installing the packages of requirements-test.lock"
	@$(PIP) --require-hashes -r requirements-test.lock
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@
