# make run: the app. make test: lint and every test. make test-fast: neither browser nor training
# nor compiler, in two minutes.
# All make .venv when it is missing or its requirements changed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := node_modules/.package-lock.json

.PHONY: run test test-fast lint types audit format bench-app bench-viewer soak load fuzz chromium clean

# For the people at this machine only; they may name its folders in the app.
run: $(VENV)/run.stamp
	SEG_LOCAL_FOLDERS=1 $(BIN)/streamlit run streamlit_app.py --server.address=127.0.0.1

test: $(VENV)/dev.stamp $(TOOLS) chromium lint
	$(BIN)/python -m pytest -n auto --dist loadfile

test-fast: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not browser and not training and not compiling"

lint: $(VENV)/dev.stamp types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/oxlint seg tests
	$(BIN)/bandit -q -c pyproject.toml -r seg pages streamlit_app.py
	$(BIN)/basedpyright --pythonpath $(BIN)/python

types: $(VENV)/dev.stamp $(TOOLS)
	$(BIN)/node node_modules/typescript/bin/tsc

# What is known of faults in the packages that are installed; it asks a service on the network.
audit: $(VENV)/dev.stamp
	$(BIN)/pip-audit --skip-editable

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# How long a visitor waits: from the first start on, and after an upload; docs/performance.md has the figures.
bench-app: $(VENV)/dev.stamp chromium
	$(BIN)/python -m tests.benchmarks.bench_app

# How fast the linked viewer is in this machine's Chromium: docs/viewer.md has the figures to compare with.
bench-viewer: $(VENV)/dev.stamp chromium
	$(BIN)/python -m tests.benchmarks.bench_viewer

# What a long day of uploads leaves in memory, and how long others wait beside a large picture; docs/reliability.md.
soak: $(VENV)/dev.stamp
	$(BIN)/python -m tests.benchmarks.soak --uploads 500
	$(BIN)/python -m tests.benchmarks.fairness

# Fifty visitors for five minutes, each with photos of his own, without browsers; nobody else may be at work here.
load: $(VENV)/dev.stamp
	$(BIN)/python -m tests.benchmarks.load --visitors 50 --minutes 5

# 5,000 damaged ones of each kind of file and of addresses: each is read, or is a sentence. The tests have 200.
fuzz: $(VENV)/dev.stamp
	SEG_FUZZ=5000 $(BIN)/python -m pytest -m fuzz

$(VENV)/run.stamp: requirements.txt
	$(PYTHON) tools/install.py $(VENV) requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements-train.txt requirements-ray.txt $(VENV)/run.stamp
	$(PYTHON) tools/install.py $(VENV) requirements-dev.txt
	touch $@

# What checks the JavaScript; Node itself comes from requirements-dev.txt.
$(TOOLS): package.json package-lock.json $(VENV)/dev.stamp
	$(BIN)/npm ci --silent
	touch $@

# A Chromium for the browser tests: the one there is, Debian's where root may install it, else playwright's own.
chromium: $(VENV)/dev.stamp
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	else $(BIN)/python -m playwright install chromium; fi

clean:
	rm -rf $(VENV) node_modules build seg.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
