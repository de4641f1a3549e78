# Switchboard. `make run` and `make test` do all the set-up on a fresh machine; see README.md.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

help:            ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

setup: $(VENV)/.runtime   ## set up .venv (what run does first)

run: setup       ## start the hub with its private MongoDB: make run ARGS="--port 8081 --data DIR"
	@exec $(BIN)/switchboard serve $(ARGS)

test: $(VENV)/.dev        ## the tests, in parallel; installs browser and mail servers when root
	@bash tests/prepare.sh
	$(BIN)/python -m pytest -n $${TEST_WORKERS:-4} --dist loadgroup $(ARGS)

check: $(VENV)/.dev       ## the whole gate: format, lint, types, import rules, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

fix: $(VENV)/.dev         ## format and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev       ## the benchmarks, each figure beside its limit
	$(BIN)/python -m benchmarks $(ARGS)

lock:            ## compile the lock files anew (needs uv)
	uv pip compile pyproject.toml --extra mongod --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra mongod --extra build --extra dev -c requirements.lock $(LOCK) -o requirements-dev.lock

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q

$(BIN)/python:
	@bash switchboard/venv.sh $(VENV)

$(VENV)/.runtime: $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

.PHONY: help setup run test check fix bench lock
