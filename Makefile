# Switchboard. `make run` and `make test` do all the set-up on a fresh machine; see README.md.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
ARGS ?=
TEST_WORKERS ?= 4
# What Python compiled is kept, whatever the environment says: a hub then starts sooner, and tests start hundreds.
export PYTHONDONTWRITEBYTECODE :=

help:            ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / - /'

setup: $(VENV)/.runtime   ## set up .venv (what run does first)
	@:

run: setup       ## start the hub with its private MongoDB: make run ARGS="--port 8081 --data DIR"
	@exec $(BIN)/switchboard serve $(ARGS)

test: $(VENV)/.dev        ## the tests, in parallel; installs browser and mail servers when root
	@bash tests/prepare.sh
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup --no-loadscope-reorder $(ARGS)

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

torture: $(VENV)/.dev     ## real faults under load, and a proof that nothing was lost: make torture ARGS="--minutes 20"
	@bash tests/prepare.sh
	$(BIN)/python -m tests.torture $(ARGS)

bench-large: $(VENV)/.dev ## a large history beside a hundredth of it: make bench-large ARGS="--conversations 100000"
	$(BIN)/python -m benchmarks.large $(ARGS)

fuzz: $(VENV)/.dev        ## an hour of fuzzing every parser: make fuzz ARGS="--seconds 600 --only mail."
	$(BIN)/python -m tests.fuzz $(ARGS)

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q

lock:            ## compile the lock files anew (needs uv)
	uv pip compile pyproject.toml --extra mongod --extra build $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --extra mongod --extra build --extra dev -c requirements.lock $(LOCK) -o requirements-dev.lock

# `.place` says that the environment was made whole, and where: one that was moved, or whose set-up or Python broke
# off half-way, is made anew. `.installing` is there while pip is at work, so an interrupted install is seen too.
PLACE := $(VENV)/.place
WHOLE := $(shell [ -x $(BIN)/python ] && [ ! -e $(VENV)/.installing ] && [ "$$(cat $(PLACE) 2>/dev/null)" = "$$PWD" ] && echo yes)

$(PLACE): $(if $(WHOLE),,anew)
	@bash switchboard/venv.sh $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml $(if $(WHOLE),,$(PLACE))
	@touch $(VENV)/.installing
	@echo "Installing Switchboard into $(VENV) …"
	@$(PIP) install -q --require-hashes --no-deps -r requirements.lock
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@bash switchboard/libraries.sh $(VENV)
	@rm $(VENV)/.installing; touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@touch $(VENV)/.installing
	@echo "Installing the tools for tests and checks into $(VENV) …"
	@$(PIP) install -q --require-hashes --no-deps -r requirements-dev.lock
	@rm $(VENV)/.installing; touch $@

anew:

.PHONY: help setup run test check fix bench bench-large fuzz torture lock anew
