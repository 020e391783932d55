# Each target sets up by itself what it needs (infra/setup.sh: .venv, the pinned packages, ffmpeg).
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench chaos lock clean
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
# Compiled modules are kept, whatever the environment says: compiling all tests anew takes ten seconds.
export PYTHONDONTWRITEBYTECODE :=
# More workers than this do not help: the slow tests wait for servers, and each server is started once per worker.
WORKERS := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n > 8 ? 8 : n )))

help: ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

demo: ## make a dataset out of short films made on the spot; of your own footage with VIDEOS=dir
	@infra/setup.sh
	@$(BIN)/rushes demo $${VIDEOS:+--videos "$$VIDEOS"}

test: ## run the whole test suite
	@infra/setup.sh dev
	@$(BIN)/python -m pytest -n $(WORKERS) --durations=10 $(ARGS)

check: ## format, lint, types, import contracts and the fast tests, in under a minute
	@infra/setup.sh dev
	@$(BIN)/ruff format --check --quiet . || { echo "check: make format does it"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@said=$$($(BIN)/lint-imports 2>&1) || { echo "$$said"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow" $(ARGS)

format: ## put every file into the house's form
	@infra/setup.sh dev
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

bench: ## measure speed side by side with others; takes a while
	@infra/setup.sh dev
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: ## show every bar of reliability, whole, and write docs/reliability.md; about a quarter of an hour
	@infra/setup.sh dev
	@$(BIN)/python -m tests.chaos $(ARGS)

lock: ## resolve pyproject.toml anew into the two lock files
	@infra/setup.sh dev
	@infra/lock.sh

clean: ## throw away caches and the demo; .venv and your datasets stay
	@rm -rf demo build .ruff_cache .mypy_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	@find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
