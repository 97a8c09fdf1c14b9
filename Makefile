# One way in for people and for CI: `make demo`, `make test`.
#
# - Needs make, a POSIX shell and Python 3.11 or newer; everything else goes into .venv.
# - Uses uv where there is one, pip otherwise. `make UV= test` leaves uv aside,
#   `make PYTHON=/path/to/python test` chooses the Python.
# - Set-up is done once, and again when pyproject.toml has changed or the folder has moved.

PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?=
UV ?= $(shell command -v uv 2>/dev/null)
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python

# Told by its own path, because a venv does not survive a move, nor the loss of its Python.
SOUND := $(shell test "$$(cat $(VENV)/home 2>/dev/null)" = "$$(pwd -P)" && $(RUN) -c '' 2>/dev/null && echo yes)

# Each peer of the benchmarks has an environment of its own.
PEERS := mlflow ml-metadata trackio
PEER_VENVS := .venv-bench

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check lint format pytest coverage bench bench-scale bench-smoke torture clean FORCE

help: ## tell what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/runtime ## walk through the registry on real files, in a few seconds
	@$(RUN) -m stemmata.demo $(ARGS)

test: lint pytest ## everything that CI runs: style, types, layers, then every test and document

check: test ## the same as test

lint: $(VENV)/dev
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

pytest: $(VENV)/dev
	$(RUN) -m pytest -n auto --dist loadgroup $(ARGS)

format: $(VENV)/dev ## put the code into its one format
	$(RUN) -m ruff check --fix-only .
	$(RUN) -m ruff format .

coverage: $(VENV)/dev ## run the tests and show which lines and branches they leave out
	$(RUN) -m pytest -n auto --dist loadgroup --cov --cov-report=term-missing $(ARGS)

bench: $(VENV)/bench $(PEERS:%=$(PEER_VENVS)/%/made) ## measure beside raw storage and peers, in one run
	@$(RUN) -m tests.benchmarks.run $(ARGS)

bench-scale: $(VENV)/bench ## measure how time, memory and files grow with the registry
	@$(RUN) -m tests.benchmarks.scale $(ARGS)

bench-smoke: $(VENV)/dev ## count what no machine changes, and compare it with a table
	@$(RUN) -m tests.benchmarks.counts $(ARGS)

torture: $(VENV)/dev ## run the tests that take minutes
	$(RUN) -m pytest -m torture $(ARGS)

clean: ## remove .venv and what the tools left behind
	rm -rf $(VENV) $(PEER_VENVS) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf .coverage .coverage.* htmlcov
	find domain projections adapters tests -name __pycache__ -prune -exec rm -rf {} +

# --- set-up -----------------------------------------------------------------

$(VENV)/runtime: $(VENV)/made pyproject.toml
	@$(call install,-e .)

# What others could have written: packages with adapters, found by their entry points.
PLUGINS := tests/plugins/duckdb tests/plugins/umadb

$(VENV)/dev: $(VENV)/made pyproject.toml $(PLUGINS:=/pyproject.toml)
	@$(call install,-e '.[all]' $(addprefix -e ,$(PLUGINS)) --group dev)
	@touch $(VENV)/runtime

$(VENV)/bench: $(VENV)/dev
	@$(call install,--group bench)

# A peer that cannot be installed on this Python is told to be absent; the others are measured.
$(PEER_VENVS)/%/made: $(VENV)/made pyproject.toml
	@rm -rf $(PEER_VENVS)/$*; mkdir -p $(PEER_VENVS)/$*; \
	echo "installing into $(PEER_VENVS)/$* ..."; \
	{ if [ -n "$(UV)" ]; then \
		"$(UV)" venv --quiet --allow-existing --python $(RUN) $(PEER_VENVS)/$* \
			&& "$(UV)" pip install --quiet --python $(PEER_VENVS)/$*/bin/python --group bench-$*; \
	else \
		$(RUN) -m venv $(PEER_VENVS)/$* \
			&& $(PEER_VENVS)/$*/bin/python -m pip install -qq 'pip>=25.1' \
			&& $(PEER_VENVS)/$*/bin/python -m pip install -qq --group bench-$*; \
	fi; } > $(PEER_VENVS)/$*/log 2>&1 \
		|| { rm -rf $(PEER_VENVS)/$*/bin; tail -n 1 $(PEER_VENVS)/$*/log > $(PEER_VENVS)/$*/absent; \
			echo "$* cannot be installed here:"; cat $(PEER_VENVS)/$*/absent; }; \
	touch $@

# A venv may lack pip (uv made it), and pip knows --group since 25.1 only.
define install
echo "installing into $(VENV) ..."; \
if [ -n "$(UV)" ]; then \
	"$(UV)" pip install --quiet --python $(RUN) $(1) && touch $@ && exit 0; \
	echo "uv could not; trying pip"; \
fi; \
$(RUN) -m pip --version >/dev/null 2>&1 || $(RUN) -m ensurepip >/dev/null || exit 1; \
$(if $(findstring --group,$(1)),$(RUN) -m pip install --help | grep -q -e --group \
	|| $(RUN) -m pip install -qq 'pip>=25.1' || exit 1;) \
$(RUN) -m pip install -qq $(1) && touch $@
endef

$(VENV)/made: $(if $(SOUND),,FORCE)
	@rm -rf $(VENV); \
	if [ -n "$(UV)" ]; then \
		"$(UV)" venv --quiet --python "$(if $(PYTHON),$(PYTHON),>=3.11)" $(VENV) \
			&& pwd -P > $(VENV)/home && touch $@ && exit 0; \
		echo "uv could not make $(VENV); trying python -m venv"; rm -rf $(VENV); \
	fi; \
	old=; bare=; \
	for python in $(if $(PYTHON),"$(PYTHON)",$(PYTHONS)); do \
		"$$python" -c '' 2>/dev/null || continue; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old="$$old $$python"; continue; }; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { bare="$$bare $$python"; continue; }; \
		echo "making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv $(VENV) || exit 1; \
		pwd -P > $(VENV)/home && touch $@ && exit 0; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "Found$$bare, but without venv and ensurepip; on Debian and Ubuntu: apt install python3-venv." >&2; \
	elif [ -n "$$old" ]; then \
		echo "Found$$old, but Stemmata needs Python 3.11 or newer; name one with make PYTHON=..." >&2; \
	else \
		echo "Found no Python; Stemmata needs Python 3.11 or newer; name one with make PYTHON=..." >&2; \
	fi; \
	exit 1
