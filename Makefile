# Every target makes the virtual environment by itself when it is missing or older than the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip --quiet
CODE := smsgw hardware-sim tests bench
# Tests wait more than they reckon; JOBS=0 runs them one after the other, in one process.
JOBS ?= 4

.PHONY: demo test lint format interop torture bench lock clean

demo: $(STAMP)
	@$(BIN)/smsgw demo $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest -m "not interop" -n $(JOBS) --dist worksteal $(ARGS)

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

# What it all takes of time, processor and memory, beside others of its kind, into docs/benchmarks.md; ARGS="--only gap".
bench: $(VENV)/.interop
	$(BIN)/python bench/benchmarks.py $(ARGS)

# Software that nobody here wrote talks to our modem, carries its bytes, reads our PDUs and passes on what we tell. What of
# Debian's is missing is installed; daemons that would take a modem, or a port, when they start as services are only unpacked.
DEBIAN := gammu libcjson1 libdlt2 libgsmsd8 libmm14 libwrap0 openssl ser2net
DAEMONS := gammu-smsd mosquitto smstools
FETCH := apt-get download -qq -o APT::Sandbox::User=root $(DAEMONS)
interop: $(VENV)/.interop
	$(BIN)/python -m pytest -m interop -n $(JOBS) $(ARGS)

# Resolves again what pyproject.toml allows; commit the result. Needs `uv`.
lock:
	uv export --quiet --no-emit-project --no-annotate --no-header --no-default-groups --output-file requirements/run.txt
	uv export --quiet --no-emit-project --no-annotate --no-header --no-default-groups --extra mqtt --output-file requirements/mqtt.txt
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
	@missing=; for each in $(DEBIAN); do dpkg -s $$each 2>&1 | grep -q "ok installed" || missing="$$missing $$each"; done; test -z "$$missing" \
		|| { apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing; } \
		|| { echo "Install this first: sudo apt install --no-install-recommends$$missing" >&2; exit 1; }
	@rm -rf $(VENV)/debian && mkdir $(VENV)/debian && cd $(VENV)/debian \
		&& { $(FETCH) || { apt-get update -qq && $(FETCH); }; } \
		&& for each in *.deb; do dpkg --extract "$$each" . || exit 1; done \
		|| { echo "These packages cannot be fetched: $(DAEMONS). Try this first: sudo apt update" >&2; exit 1; }
	@$(PIP) install --require-hashes -r requirements/interop.txt
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
