# `make demo` and `make test` need Python 3.11 or later and make; they install into .venv, from the pinned versions.

# Two workers and some hundred commands of the tests would each compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock
RESULTS := results/quickstart
BENCH := .benchmarks/benchmark.json

YAML_SERVER := .editors/node_modules/.bin/yaml-language-server

AXE := .page/node_modules/axe-core/axe.min.js

.PHONY: demo test test-slow test-all gate kills twin fleets fuzz editors page lint types bench bench-against bench-switched-on accuracy coverage-study gate-study capacity-study proof-study plan-study explain-study recovery-study clean

demo: $(VENV)/run.stamp
	@echo "Simulating scenarios/quickstart.yaml. The first run compiles the engine, once, which takes about 20 s of CPU time."
	@$(BIN)/mmesim run scenarios/quickstart.yaml --out $(RESULTS)
	@echo "The results are in $(RESULTS): summary.json, Parquet tables, and the scenario as it was run."

PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal

test: $(VENV)/dev.stamp
	$(PYTEST) -m "not slow and not long"

test-slow: $(VENV)/dev.stamp
	$(PYTEST) -m "slow and not long"

# Both of the above in one go.
test-all: $(VENV)/dev.stamp
	$(PYTEST) -m "not long"

# The project's own sizings, through the command that it makes; what was simulated is kept, and not simulated again.
gate: $(VENV)/run.stamp
	$(BIN)/mmesim gate scenarios/ci --jobs 2

# Runs and sweeps that are ended at a hundred random moments, and a sweep at twenty more, restarted each time.
kills: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m long tests/cli/test_sweep.py tests/cli/test_kills.py

# The schema in the YAML language server that editors use; needs Node.js and npm.
editors: $(VENV)/dev.stamp $(YAML_SERVER)
	MMESIM_YAML_LANGUAGE_SERVER=$(CURDIR)/$(YAML_SERVER) $(BIN)/python -m pytest tests/cli/test_editors.py

$(YAML_SERVER):
	npm install --no-audit --no-fund --no-save --prefix .editors yaml-language-server@1.19.2

# The engine against a second, plain implementation of the assumptions, call by call on 2,000 random scenarios.
twin: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m "not slow" tests/twin

# 2,000 random scenarios whose hosts come and go: the laws hold, and compiled and plain Python agree to the last bit.
fleets: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m long tests/laws/fleets/test_changing_fleets.py

# Hostile input. What went well is kept in .fuzz and not run again.
FUZZ ?= --cases 2000
fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m tests.fuzz $(FUZZ)

# The pages in Chromium, by tests, and looked at by axe-core, which npm fetches; needs chromium, Node.js and npm.
page: $(VENV)/dev.stamp $(AXE)
	$(BIN)/python -m pytest tests/browser

$(AXE):
	npm install --no-audit --no-fund --no-save --prefix .page axe-core@4.14.1

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

# Ten to fifteen minutes on an idle machine; a day of 86 million calls twice, drawn and from a trace, are three of them.
bench: $(VENV)/dev.stamp
	@mkdir -p .benchmarks
	@$(PIP) --no-build-isolation --editable '.[bench]'
	$(BIN)/python -m pytest tests/perf/bench.py --benchmark-enable --benchmark-only --benchmark-quiet --benchmark-json=$(BENCH)
	$(BIN)/python -m tests.perf.report $(BENCH) docs/performance.md

# Against an earlier commit, in pairs of runs; as long again.
BEFORE ?= 280d432
bench-against: $(VENV)/dev.stamp
	@mkdir -p .benchmarks
	test -d .benchmarks/before || git worktree add --detach .benchmarks/before $(BEFORE)
	$(BIN)/python -m tests.perf.against .benchmarks/before docs/performance.md
	git worktree remove --force .benchmarks/before

# What scaling and faults cost that change nothing; some minutes.
bench-switched-on: $(VENV)/dev.stamp
	$(BIN)/python -m tests.perf.switched_on docs/performance.md

accuracy: $(VENV)/dev.stamp
	$(BIN)/python -m tests.measured.report docs/accuracy.md

# About three hours on one core. A cell that is finished stays in the folder, so it can be broken off and started again.
STUDY ?= --runs 2000 --folder .coverage-study
coverage-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.coverage_study.study $(STUDY)
	$(BIN)/python -m tests.coverage_study.report $(STUDY) --page docs/coverage.md
	$(BIN)/python -m tests.coverage_study.compared $(STUDY) --page docs/coverage.md

# Under an hour on one core, and resumed like the study above.
GATE_STUDY ?= --folder .gate-study
gate-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.gate_study.study $(GATE_STUDY) --page docs/gate.md

# Some minutes on one core, and resumed like the studies above.
CAPACITY_STUDY ?= --problems 40 --folder .capacity-study
capacity-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.capacity_study.study $(CAPACITY_STUDY) --page docs/how-to/how-many-models.md

# About ten minutes on one core, and resumed like the studies above.
PROOF_STUDY ?= --folder .proof-study
proof-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.proof_study.study $(PROOF_STUDY) --page docs/plan.md

# About 40 s of CPU time a problem, more than half of it for the gate's test, and resumed like the studies above.
PLAN_STUDY ?= --folder .plan-study --jobs 2
plan-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.plan_study.study $(PLAN_STUDY) --page docs/plan.md

# Under two hours on one core, and resumed like the studies above.
EXPLAIN_STUDY ?= --folder .explain-study --jobs 2
explain-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.explain_study.study $(EXPLAIN_STUDY) --page docs/explain.md

# Some minutes on one core.
recovery-study: $(VENV)/dev.stamp
	$(BIN)/python -m tests.recovery_study.study --page docs/recovery.md

clean:
	rm -rf $(VENV) results build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks .coverage-study .gate-study .capacity-study .proof-study .plan-study .explain-study .editors .fuzz .page

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit("mmesim needs Python 3.11 or later: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "Creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: pyproject.toml requirements.lock | $(VENV)/bin/pip
	@echo "Installing the pinned dependencies into $(VENV)"
	@$(PIP) hatchling editables
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@echo "Installing what the tests need"
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@
