# One command for a newcomer (`make demo`), one for the tests (`make test`); `make help` lists all.

VENV := .venv
BIN := $(VENV)/bin
# Where the demo listens; 0 takes a free port.
PORT ?= 0
# Which Python makes the environment; without it the first that is new enough.
PYTHON ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

# The environment's own pip, or the one of any Python here, pointed at the environment.
define pip
	if [ -x $(BIN)/pip ]; then set -- $(BIN)/python -m pip; \
	else for finder in "python3 -m pip" pip3 pip; do \
	  if $$finder --version >/dev/null 2>&1; then set -- $$finder --python $(BIN)/python; break; fi; done; fi; \
	if [ $$# = 0 ]; then echo "relgraph: pip is needed (on Debian: apt-get install python3-pip)" >&2; exit 1; fi; \
	"$$@"
endef

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

.PHONY: install
install: $(VENV)/run.stamp ## the locked environment, in .venv

.PHONY: demo
demo: install ## a store, two sandbox upstreams and the service; ends with Ctrl-C
	@exec $(BIN)/relgraph demo --port $(PORT)

# Half of what starting a service costs is compiling it, and the tests start hundreds of processes: the
# compiled modules are kept, in a folder of their own, even where the environment says not to keep any.
test check soak bench bench-quick bench-guard: export PYTHONDONTWRITEBYTECODE :=
test check soak bench bench-quick bench-guard: export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode

.PHONY: test
test: $(VENV)/dev.stamp ## every test but the long ones
	@# Half as many again as there are cores: most of the time they wait for processes they have started.
	@# In the order of the tree, so that what is left at the end are the short files of tests/unit: by the
	@# number of their tests the longest files, which have the fewest, would come last and keep one waiting.
	$(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder -n $$($(BIN)/python -c 'import os; n = os.cpu_count(); print(n + n // 2)')

.PHONY: check
check: $(VENV)/dev.stamp ## format, lint, types, imports and the rules of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy connectors service
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

.PHONY: soak
soak: $(VENV)/dev.stamp ## the long tests
	$(BIN)/python -m pytest -m soak

.PHONY: bench
bench: $(VENV)/dev.stamp ## every row of docs/performance.md, measured here, in some ten minutes
	@PYTHONPATH=tests $(BIN)/python -m bench --json "$(or $(JSON),$(VENV)/bench/last.json)"

.PHONY: bench-quick
bench-quick: $(VENV)/dev.stamp ## the rows that need no peer, in a minute
	@PYTHONPATH=tests $(BIN)/python -m bench --quick --json "$(or $(JSON),$(VENV)/bench/quick.json)"

.PHONY: bench-guard
bench-guard: $(VENV)/dev.stamp ## instructions an answer takes, against the commit before; fails above + 5 %
	@PYTHONPATH=tests $(BIN)/python -m bench.guard

.PHONY: clean
clean: ## remove the environment and everything that tools left behind
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	rm -rf tests/readers/node_modules
	find connectors service tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements/run.lock | $(BIN)/python
	@$(pip) install --quiet --require-hashes -r requirements/run.lock
	@$(pip) install --quiet --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock | $(VENV)/run.stamp
	@$(pip) install --quiet --require-hashes -r requirements/dev.lock
	@touch $@

# Debian's python3 without python3-venv has no ensurepip: then the environment is made without pip.
$(BIN)/python:
	@for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$candidate" -m venv --clear $(VENV) >/dev/null 2>&1 \
	      || "$$candidate" -m venv --clear --without-pip $(VENV); \
	    exit $$?; \
	  fi; \
	done; \
	echo "relgraph needs Python 3.11 or newer: install one, or name it with PYTHON=/path/of/python3" >&2; exit 1
