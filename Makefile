# HODLXXI. `make run` and `make test` do all the set-up by themselves; `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.NOTPARALLEL:

PYTHON ?= python3
PORT ?= 5000
VENV := .venv
BIN := $(VENV)/bin
STATIC := src/hodlxxi/pages/static
WEB_SOURCES := $(shell find web -mindepth 1 -not -path '*/node_modules*' 2>/dev/null)
export HODLXXI_DATA_DIR ?= var
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run demo test check format web bench lock wheel clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(VENV)/.run $(STATIC)/.built ## Start the server on http://localhost:5000 (PORT=…), with SQLite and nothing else
	@PUBLIC_URL=$${PUBLIC_URL:-http://localhost:$(PORT)} exec $(BIN)/hodlxxi serve --bind 127.0.0.1:$(PORT)

demo: $(VENV)/.run $(VENV)/.demo $(STATIC)/.built ## Start the server and the example app that signs in with it
	@exec $(BIN)/python examples/demo.py --port $(PORT)

test: $(VENV)/.dev $(STATIC)/.built ## Install what the tests need (real servers too, when it may) and run everything
	@scripts/install_servers
	@$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/.dev $(VENV)/.web ## Format, lint, types, import contracts: what every commit passes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/with_node npm --prefix web run --silent check

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

web: $(STATIC)/.built ## Build the browser part

bench: $(VENV)/.dev $(STATIC)/.built ## Measure: sign-ins, Lightning logins, code exchanges, protected calls
	@scripts/install_servers
	@$(BIN)/python -m benchmarks

lock: $(VENV)/.dev ## Write the hash-locked requirements anew
	scripts/lock

wheel: $(VENV)/.dev $(STATIC)/.built ## Build the wheel that an operator installs
	$(BIN)/python -m build --wheel --no-isolation --skip-dependency-check

clean: ## Remove what was built (not var/, where your data is)
	rm -rf $(VENV) $(STATIC) web/node_modules build dist

$(VENV)/.run: requirements/run.txt scripts/make_environment
	@scripts/make_environment "$(PYTHON)" "$(VENV)" requirements/run.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "· installing the development tools"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.demo: $(VENV)/.run requirements/demo.txt
	@echo "· installing what the example app needs"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/demo.txt
	@touch $@

$(VENV)/.web: $(VENV)/.run web/package-lock.json requirements/node.txt
	@echo "· installing the browser part's packages"
	@scripts/with_node npm --prefix web ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(STATIC)/.built: $(VENV)/.web $(WEB_SOURCES)
	@echo "· building the browser part"
	@scripts/with_node npm --prefix web run --silent build
	@touch $@
