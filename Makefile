# Two commands are the whole set-up: `make demo` and `make test`. Neither needs root.

PYTHON ?= python3
VENV := .venv
DBT_VENV := .venv-dbt
DEMO := .demo
PIP := $(VENV)/bin/python -m pip --quiet --disable-pip-version-check

N ?= 1000
INPUTS ?= 1000000
HARNESS ?=
SECONDS ?= 600

.PHONY: demo test check kills fuzz pins docs docs-site man snapshots screenshots clean

demo: $(VENV)/.installed  ## Run the main job end to end on the embedded registry.
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh scripts/demo.sh "$(DEMO)"

test: $(VENV)/.tested $(DBT_VENV)/.installed  ## Run every test; real peers are used where PATH has them.
	@FLOE_DBT="$(CURDIR)/$(DBT_VENV)/bin/dbt" $(VENV)/bin/python -m pytest -n 2 $(PYTEST_ARGS)

check: $(VENV)/.tested  ## Lint, types, and the import contracts.
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

kills: $(VENV)/.tested  ## Kill writing commands N times at random moments; docker-registry has to be on PATH.
	$(VENV)/bin/python scripts/kills.py $(N)

fuzz: $(VENV)/.tested  ## Change good inputs of every parser INPUTS times; HARNESS=name under atheris, if it is there.
	@if [ -n "$(HARNESS)" ] && $(VENV)/bin/python -c "import atheris" 2>/dev/null; \
	then $(VENV)/bin/python -m tests.fuzz.with_atheris $(HARNESS) -max_total_time=$(SECONDS); \
	else $(VENV)/bin/python -m tests.fuzz $(INPUTS) --only "$(HARNESS)"; fi

pins:  ## Resolve the pins anew for the lowest Python promised; UPGRADE=1 takes the newest of everything.
	@sh scripts/pins.sh

docs: $(VENV)/.tested  ## Write every page, table and type that comes from the code.
	$(VENV)/bin/python scripts/artifact_sections.py
	$(VENV)/bin/python scripts/manifest_reference.py
	$(VENV)/bin/python scripts/rules_reference.py
	$(VENV)/bin/python scripts/keys_reference.py
	$(VENV)/bin/python scripts/pages.py
	$(VENV)/bin/python scripts/architecture.py
	$(VENV)/bin/python scripts/commands_reference.py
	FLOE_WRITE_DOCS=1 $(VENV)/bin/python -m pytest -q tests/engine/upgrade/test_docs.py

docs-site: $(VENV)/.tested  ## Build the documentation as a site in site/, to be read without a network.
	$(VENV)/bin/python scripts/pages.py --site
	$(VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs site
	@echo "Open site/index.html"

man: $(VENV)/.tested  ## Build the manual pages in man/: `man -l man/floe.1`.
	$(VENV)/bin/python scripts/pages.py --site
	$(VENV)/bin/python -m sphinx --quiet --fail-on-warning --keep-going -b man docs man

snapshots: $(VENV)/.tested  ## Draw the workbench's snapshots anew, after a wanted change.
	$(VENV)/bin/python -m pytest tests/tui --snapshot-update

screenshots: $(VENV)/.tested  ## Draw the pictures of the README and docs.
	$(VENV)/bin/python scripts/screenshots.py
	$(VENV)/bin/python scripts/recording.py

$(VENV)/bin/python:
	@sh scripts/require.sh "$(PYTHON)"
	@echo "Making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing floe"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	@echo "Installing the test tools"
	@$(PIP) install -c constraints.txt -e '.[test]'
	@touch $@

# dbt wants older versions of what floe uses, so it has an environment of its own.
$(DBT_VENV)/.installed: $(VENV)/bin/python constraints-dbt.txt
	@echo "Installing dbt and its adapters, for the tests"
	@$(PYTHON) -m venv $(DBT_VENV)
	@$(DBT_VENV)/bin/python -m pip --quiet --disable-pip-version-check install -r constraints-dbt.txt
	@touch $@

clean:  ## Remove the environments and the demo's scratch directory.
	rm -rf $(VENV) $(DBT_VENV) $(DEMO) .interop site man docs/site
