# Evisynth: `make demo` and `make test` are all the set-up there is. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PY := .venv/bin/python
EXAMPLE ?= examples/digital-interventions-cancer
WORKERS ?= 2
# One thread a process for linear algebra: the matrices are small, and the tests run side by side.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.PHONY: help setup demo test check-style check-types check-layers check-tests \
	validate bench clean clean-all

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) \
		| sed -E 's/:.*## /\t/' | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## Install everything needed into .venv (demo and test do this themselves)
	@bash scripts/setup.sh

demo: setup ## Build the document of the example review and say where it is
	@.venv/bin/evisynth run "$(EXAMPLE)"
	@echo
	@echo "The document:  $(CURDIR)/$(EXAMPLE)/out/review.html"
	@echo "For printing:  $(CURDIR)/$(EXAMPLE)/out/review.pdf"
	@echo "For editing:   $(CURDIR)/$(EXAMPLE)/out/review.docx"

test: setup ## Style, types, layers and all tests (pytest's line comes last)
	@bash scripts/test_tools.sh
	@$(MAKE) check-style
	@$(MAKE) check-types
	@$(MAKE) check-layers
	@$(MAKE) check-tests

check-style:
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check

check-types:
	@$(PY) -m mypy

check-layers:
	@.venv/bin/lint-imports

check-tests:
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup

validate: setup ## Compute the reference numbers anew in R (metafor) and compare with the pinned ones
	@bash scripts/validate.sh

bench: setup ## Time the import, the command line, the example and a batch of meta-analyses
	@$(PY) scripts/bench.py
	@$(PY) benchmarks/pooling.py

clean: ## Remove what was built and the caches; keep .venv
	@rm -rf build dist examples/*/out examples/*/.evisynth \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## Remove .venv as well
	@rm -rf .venv
