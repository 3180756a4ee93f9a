# `make test` is all that is run before a change goes in; it sets the machine up first. Each step can be run alone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

TOOLS := source tests/env.sh
PYTHON := $(TOOLS); "$${UV_PYTHON:-python3}" -B
VALIDATORS := target/tools/validators
LLM := target/tools/llm
# How long further projects may be started, once those that are always run have ended.
MINUTES ?= 2
STEPS := setup fmt clippy rust union validators sabotage skeletons

.PHONY: help test matrix workloads jobs images e2e-llm bench bench-live $(STEPS)

help: ## Show the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 14

test: ## Everything, step by step; stops at the first that fails
	@for step in $(STEPS); do \
		printf '\n== make %s\n' "$$step"; start=$$SECONDS; \
		$(MAKE) "$$step" || { printf '\n== make %s failed after %d s\n' "$$step" $$((SECONDS - start)); exit 1; }; \
		printf '== make %s: %d s\n' "$$step" $$((SECONDS - start)); \
	done
	@printf '\nmake test: all %d steps passed\n' $(words $(STEPS))

setup: ## Install what the tests need and this machine lacks
	@tests/setup.sh

fmt: ## Rust is formatted
	@$(TOOLS); cargo fmt --check

clippy: ## Rust without a warning
	@$(TOOLS); cargo clippy --all-targets --locked -- --deny warnings

rust: ## Unit tests, laws over layers and answers, the command line, the wizard on a terminal, parity
	@$(TOOLS); cargo test --locked

union: ## The Python of every pair of answers, which the laws leave in target/union: it compiles, ruff finds nothing
	@$(PYTHON) tests/validators/union.py

validators: $(VALIDATORS)/requirements.txt target/tools/kubectl/kubectl ## Checkers of emitted files, and a broken sample for each
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/validators/run.py

sabotage: ## Each guarantee of the emitted code broken once: the project's own tests notice
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/sabotage/run.py

skeletons: ## Emitted projects: installed, checked, tested, booted, asked, stopped; MINUTES=0 for the fixed ones alone
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/skeletons/run.py --minutes $(MINUTES)

matrix: ## Every distinct project, going on where the last run ended
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/skeletons/run.py --matrix

workloads: ## Likewise each AI workload, any two and all four of an api-first, with each kind of user
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/skeletons/run.py --workloads

jobs: ## By hand: five hundred jobs of an emitted project, whose workers are killed fifty times, on Redis and PostgreSQL
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/skeletons/jobs.py

images: $(VALIDATORS)/requirements.txt ## By hand, as root: the images of three projects built and asked, without a Docker engine
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/images/run.py

e2e-llm: $(LLM)/requirements.txt ## By hand: an emitted project asks a real llama.cpp, 343 MB of wheels
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) tests/llm/run.py $(LLM)

bench: ## By hand: the emitted services under load beside others, into docs/performance.md; ARGUMENTS=--quick for a minute
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) bench/run.py $(ARGUMENTS)

bench-live: ## By hand: a thousand live streams on the emitted service and monolith, into docs/performance.md
	@$(TOOLS); cargo build --locked --quiet
	@$(PYTHON) bench/live.py $(ARGUMENTS)

$(LLM)/requirements.txt: tests/llm/requirements.txt
	@$(TOOLS); uv venv --quiet --clear --no-project $(LLM)
	@$(TOOLS); uv pip install --quiet --require-hashes --requirements $< --python $(LLM)/bin/python
	@cp $< $@

$(VALIDATORS)/requirements.txt: tests/validators/requirements.txt
	@$(TOOLS); uv venv --quiet --clear --no-project $(VALIDATORS)
	@$(TOOLS); uv pip install --quiet --require-hashes --requirements $< --python $(VALIDATORS)/bin/python
	@cp $< $@

target/tools/kubectl/kubectl: tests/validators/kubectl.sh
	@$<
