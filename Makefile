# Two commands do all the set-up on a machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo stack-demo servers test lint bench lock generate clean

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## A whole province on this machine: make demo ARGS="--stations 1000"
	@$(BIN)/btswatch demo $(ARGS)

stack-demo: $(VENV)/installed-cluster ## The same province on the cluster, with real servers and no containers: make stack-demo ARGS="--stations 1000"
	@$(BIN)/btswatch stack demo $(ARGS)

servers: $(VENV)/installed ## Get Kafka, InfluxDB and PostgreSQL for stack-demo and the tests (the first time takes 10 minutes)
	@$(BIN)/btswatch stack install

test: $(VENV)/installed-dev ## All tests; what needs an absent server is skipped with the reason
	@$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/installed-dev ## Style, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/installed-dev ## Every benchmark, each with its ratios
	@for script in tests/benchmarks/bench_*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

generate: $(VENV)/installed-dev ## Everything that is generated and committed: schemas, references, dashboards
	@$(BIN)/python -m schemas.generate
	@$(BIN)/python -m btswatch.settings_reference
	@$(BIN)/btswatch dashboards build
	@$(BIN)/python -m btswatch.rules_reference
	@$(BIN)/python -m ingest.feeds.openapi > docs/reference/openapi.json

lock: ## Renew the locks (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  pyproject.toml --extra cluster --group build -c requirements.lock -o requirements-cluster.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  pyproject.toml --extra cluster --extra dashboards --group dev -c requirements-cluster.lock -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet \
	  --group pyproject.toml:peers -o requirements-peers.lock

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) data

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("btswatch needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (choose another: make PYTHON=python3.12 ...)")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-cluster: requirements-cluster.lock $(VENV)/installed
	@$(PIP) install --require-hashes -r requirements-cluster.lock
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock $(VENV)/installed
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
