# Every target makes the virtual environment by itself when it is missing or older than the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet
CODE := smsgw hardware-sim tests bench

.PHONY: demo test lint format interop torture lock clean

demo: $(STAMP)
	@$(BIN)/smsgw demo $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest -m "not interop" $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

# kill -9 and power cuts at random instants, again and again, and what becomes of the messages; ARGS="--help" tells more.
torture: $(STAMP)
	$(BIN)/python bench/torture.py $(ARGS)

# Software that nobody here wrote talks to our modem, carries its bytes and reads our PDUs. Installs Debian's gammu and
# ser2net when they are missing.
interop: $(VENV)/.interop
	$(BIN)/python -m pytest -m interop $(ARGS)

# Resolves again what pyproject.toml allows; commit the result. Needs `uv`.
lock:
	uv export --quiet --no-emit-project --no-annotate --no-header --no-default-groups --output-file requirements/run.txt
	uv export --quiet --no-emit-project --no-annotate --no-header --group dev --output-file requirements/dev.txt
	uv export --quiet --no-emit-project --no-annotate --no-header --only-group interop --output-file requirements/interop.txt
	rm -f uv.lock

$(STAMP): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "smsgw needs Python 3.11 or newer; name one with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: sudo apt install python3-venv" >&2; rm -rf $(VENV); exit 1; }
	@echo "Installing the locked packages into $(VENV) …" >&2
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.interop: $(STAMP) requirements/interop.txt Makefile
	@PATH=$$PATH:/usr/sbin; { command -v gammu && command -v ser2net; } >/dev/null || { apt-get update -qq && apt-get install -qq -y --no-install-recommends gammu ser2net; } || { echo "Install them first: sudo apt install gammu ser2net" >&2; exit 1; }
	@$(PIP) install --require-hashes -r requirements/interop.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
