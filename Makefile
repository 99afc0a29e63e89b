# The only door: `make` lists what there is. Needs make and any Python 3.8 or newer to begin with;
# everything else comes into .tools, .venv and .local of this clone (see .ci/tools/bootstrap.py).
# Every path is relative, so the clone may lie in a folder whose name has spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.NOTPARALLEL:

# What is compiled is kept, whatever this shell says: else each worker of the suite, and each of the
# many programs that tests start, compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

PY := .venv/bin/python
PYTEST := $(PY) -m pytest
READY := .venv/.ready

# Version managers leave shims on the PATH that exist and fail, so each candidate is run.
define FIND_PYTHON
found=; IFS=:; \
for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 python; do \
  for folder in $$PATH; do \
    if [ -z "$$found" ] && [ -x "$$folder/$$name" ] && "$$folder/$$name" -c \
      'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 </dev/null; \
    then found=$$folder/$$name; fi; \
  done; \
done; unset IFS; \
if [ -z "$$found" ]; then \
  echo 'tocsin: no Python 3.8 or newer runs from the PATH; install python3 and run make again.' >&2; \
  exit 1; \
fi
endef

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile
	@echo '  bench, chaos, e2e and fuzz take SCALE=small: a few minutes each, as CI runs them'

# Removing a folder by hand must not leave a stamp that says it is there.
ifeq ($(and $(wildcard .tools/uv/bin/uv),$(wildcard .local/python)),)
$(READY): .FORCE
endif
.PHONY: .FORCE
.FORCE:

$(READY): .ci/tools/bootstrap.py .ci/tools/package_index.py pyproject.toml uv.lock .python-version
	@$(FIND_PYTHON); PYTHONPATH=.ci "$$found" -m tools.bootstrap </dev/null
	@touch $@

.PHONY: setup
setup: $(READY) ## make .venv from uv.lock; the other targets do it when they need to

.PHONY: demo
demo: $(READY) ## a billing-provider incident, end to end, on a cloud on this machine
	@.venv/bin/tocsin drill run demo

# Tests that share a deployed cloud keep to one worker (tests/harness/workers.py), which waits for functions
# to start most of the time: a third one keeps two cores busy.
WORKERS := -n 3

# Else each worker of a first run compiles all of it at the same time as the others.
COMPILED := .local/compiled
$(COMPILED): $(READY)
	@$(PY) -m tests.harness.compiled
	@touch $@

.PHONY: test
test: $(COMPILED) ## the whole suite, about six minutes on two cores
	@$(PYTEST) $(WORKERS) -m 'not full' tests

# SCALE=small is for CI and for a look in between: the same programs, a few minutes each.
SCALE ?= full
FIRST ?= 0
SEED ?= 1
ifeq ($(SCALE),small)
BENCH_OPTIONS := --rounds 3 --strict
FUZZ_CASES := 200000
SEEDS ?= 100
CHAOS_SIZE := --events 400 --commands 60
E2E_PROFILE := default
E2E_TESTS := -m full tests/e2e
else ifeq ($(SCALE),full)
BENCH_OPTIONS :=
FUZZ_CASES := 1200000
SEEDS ?= 2000
CHAOS_SIZE := --events 10000 --commands 1000
E2E_PROFILE := full
E2E_TESTS := -m 'full or cloud' tests
else
$(error SCALE is full or small)
endif

.PHONY: e2e
e2e: $(READY) ## the promises at their stated sizes, and everything on the local cloud
	@HYPOTHESIS_PROFILE=$(E2E_PROFILE) $(PYTEST) $(E2E_TESTS)

.PHONY: fuzz
fuzz: $(READY) ## over a million broken webhooks; TOCSIN_FUZZ_CASES says how many
	@TOCSIN_FUZZ_CASES=$${TOCSIN_FUZZ_CASES:-$(FUZZ_CASES)} $(PYTEST) -n 2 tests/fuzz

.PHONY: chaos
chaos: $(READY) ## faults in front of a deployed stage: nothing lost, nothing doubled; .local/chaos.json
	@$(PY) -m tests.chaos $(CHAOS_SIZE) --seed $(SEED)

.PHONY: simulate
simulate: $(READY) ## random lives with troubles beneath them; SEEDS says how many, FIRST where from
	@.venv/bin/tocsin simulate --seeds $(SEEDS) --first $(FIRST)

.PHONY: check
check: check-style check-imports check-docs check-supply check-types check-infra ## style, imports, documents, packages, types, templates

.PHONY: check-style check-types check-imports check-docs check-supply check-infra
check-style: $(READY)
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
check-types: $(READY)
	@$(PY) -m mypy
check-imports: $(READY)
	@.venv/bin/lint-imports --no-logo --cache-dir .local/import-linter
check-docs: $(READY)
	@.venv/bin/tocsin runbook render --check docs/runbook.md
	@.venv/bin/tocsin runbook offline --check docs/how-to/when-tocsin-is-down.md
	@PYTHONPATH=.ci $(PY) -m tools.command_page --check
	@PYTHONPATH=.ci $(PY) -m tools.openapi --check
	@PYTHONPATH=.ci:.:shared $(PY) -m tools.cost --check

check-supply: $(READY)
	@PYTHONPATH=.ci $(PY) -m tools.supply

check-infra: $(READY)
	@PYTHONPATH=.ci:.:shared $(PY) -m tools.templates

.PHONY: docs
docs: $(READY) ## write the generated documents again
	@.venv/bin/tocsin runbook render --out docs/runbook.md
	@.venv/bin/tocsin runbook offline --out docs/how-to/when-tocsin-is-down.md
	@PYTHONPATH=.ci $(PY) -m tools.command_page
	@PYTHONPATH=.ci $(PY) -m tools.openapi
	@PYTHONPATH=.ci:.:shared $(PY) -m tools.cost >/dev/null

.PHONY: cost
cost: $(READY) ## what a production stage costs a month, itemised, into docs/cost.md too
	@PYTHONPATH=.ci:.:shared $(PY) -m tools.cost

.PHONY: lines
lines: $(READY) ## lines of code without what explains; SINCE=REV compares with a commit
	@PYTHONPATH=.ci $(PY) -m tools.code_lines $(if $(SINCE),--at $(SINCE))

.PHONY: sbom
sbom: $(READY) ## the bill of materials of what is deployed, into .local/sbom.json
	@PYTHONPATH=.ci $(PY) -m tools.supply --sbom .local/sbom.json

.PHONY: format
format: $(READY) ## rewrite the sources as `make check` wants them
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .

.PHONY: bench
bench: $(READY) ## figures against the usual stack: a table and .local/bench.json
	@PYTHONPATH=.ci $(PY) -m tests.bench $(BENCH_OPTIONS)

.PHONY: clean
clean: ## stop the local cloud and remove all that make has made
	@if [ -x .venv/bin/tocsin ]; then .venv/bin/tocsin local down || true; fi
	rm -rf .venv .local .tools .hypothesis .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
