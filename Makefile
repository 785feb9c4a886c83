# `make demo` and `make test` are all a newcomer needs; both set up .venv themselves.
PYTHON ?= python3
BIN := .venv/bin
BENCHMARKS := decode ingest peak_hour clustering distances tables lake graph_overhead
# uv installs in seconds what takes pip minutes. It knows nothing of pip's settings (a mirror, a folder of wheels), so
# where it fails, pip does it; without compiling all 15,000 modules, as Python compiles those that are imported.
UV := uv==0.13.9
define install
$(BIN)/uv pip install --python $(BIN)/python --constraint constraints.txt --editable '$(1)' || \
	{ echo 'uv could not; pip does it, which takes minutes.' && \
	$(BIN)/pip install --progress-bar off --no-compile --constraint constraints.txt --editable '$(1)'; }
endef
PROCESSORS = $$($(BIN)/python -c 'import os; print(os.cpu_count() or 1)')
WORKERS = $$((2 * $(PROCESSORS)))
# Where it is set, each process would compile all it imports anew, and pytest each test: half of the time of both.
unexport PYTHONDONTWRITEBYTECODE
export DAGSTER_DISABLE_TELEMETRY := 1
export DG_CLI_CONFIG := $(CURDIR)/dg.toml

.PHONY: help setup demo ui test slow properties lint types definitions bench pictures wheel clean

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 13

setup: .venv/.installed  ## create .venv and install the pinned dependencies, those of the tests too

.venv/.demo: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	@echo 'Installing into .venv what the project runs with: 1.2 GB, most of a minute. uv says what it is at.'
	-$(BIN)/pip install --quiet $(UV)
	$(call install,.)
	@echo 'export DAGSTER_DISABLE_TELEMETRY=1 DG_CLI_CONFIG="$$VIRTUAL_ENV/../dg.toml"' >> $(BIN)/activate
	touch $@

.venv/.installed: .venv/.demo
	@echo 'Adding what the tests need: half a GB more.'
	$(call install,.[dev])
	touch $@

demo: .venv/.demo  ## simulate an hour of granules and run the pipeline on it (no network, no account)
	$(BIN)/lightning-eda demo

ui: .venv/.demo  ## the Dagster UI and daemon on http://localhost:3000
	@echo 'Open http://localhost:3000 when it says "Serving dagster-webserver"; Ctrl-C ends it.'
	$(BIN)/dg dev

test: setup  ## the test suite; each worker imports all of it, so there is one for each processor
	$(BIN)/pytest --dist worksteal -n $(PROCESSORS)

slow: setup  ## the slow tests, half of whose time is waiting, so with two workers a processor; TESTS names folders
	$(BIN)/pytest --dist load --maxschedchunk 1 -n $(WORKERS) -m 'slow and not long' $(TESTS)

properties: setup  ## the tests of Hypothesis, with more examples
	$(BIN)/pytest --dist worksteal -n $(PROCESSORS) -m 'hypothesis and not slow and not long' --hypothesis-profile thorough

lint: setup  ## style, formatting and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: setup  ## static types
	$(BIN)/mypy

definitions: setup  ## load all assets, jobs, schedules and sensors, as Dagster would
	$(BIN)/dg check defs

bench: setup  ## every benchmark; each prints ours, the alternative and the ratio
	for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

pictures: setup  ## make the pictures in screenshot/ anew, in a real browser
	$(BIN)/python -m screenshot.make_pictures

wheel: setup  ## build the wheel, install it elsewhere and run the demo from another folder
	bash .ci/try_wheel

clean:  ## remove the environment and what tools made; data/ stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
