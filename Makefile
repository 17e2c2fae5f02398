# One command each; the same on every machine. `make demo` and `make test` set up everything they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
# The tests that reach every line of the kernels.
PLAIN := tests/engine tests/rules tests/properties/test_quiet.py tests/backtest/test_records.py

.PHONY: setup demo test check fix proof bench docs clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)

demo: setup
	$(BIN)/podium backtest examples/portfolio.yaml

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The kernels are compiled once before the workers start, then everything runs; at last the kernels run as plain Python,
# since compiled code cannot be measured for coverage.
test: check
	$(BIN)/python -m tests.warm_up
	$(BIN)/pytest --numprocesses 2 --cov --cov-report=
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest --numprocesses 2 $(PLAIN) -m "not compiled" --cov --cov-append --cov-report=term --cov-fail-under=90

# The long versions of the properties.
proof: setup
	$(BIN)/python -m tests.warm_up
	PODIUM_PROOF=1 $(BIN)/pytest --numprocesses 2 --timeout 3600

fix: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python benchmarks/run.py

docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/requirements.py
	$(BIN)/python docs/pictures.py

clean:
	rm -rf .venv runs .coverage* htmlcov .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/.environments benchmarks/.data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
