# Python 3.11 or newer and make are all that is needed; everything else is fetched, locked and kept in .venv.
# `make` lists what can be done.

.DEFAULT_GOAL := help
.PHONY: help setup run demo up test unit check lint types format contracts coverage journeys lock faults faults-icat attack bench
.PHONY: bench-search bench-stages bench-validator bench-icat bench-submit clean wheel docs client

# Which Python makes .venv; if none is given, the first that is new enough and can install. The system's own comes first:
# distributions build it with profile-guided optimisation, without which the same work takes up to twice the time.
PYTHON ?=
SEED ?=

# What follows `--` are options of the benchmark before it, and no targets: `make bench -- --runs 1`.
ifneq ($(filter -%,$(word 2,$(MAKECMDGOALS))),)
OPTIONS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(eval $(OPTIONS):;@:)
endif

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-package beamcat-client --upgrade

# uv: which environment, and copies, since a cache on another disk cannot be linked to; no cache without a home.
export VIRTUAL_ENV := $(CURDIR)/.venv
export UV_LINK_MODE := copy
ifneq ($(shell test -w "$$HOME" && echo home),home)
export UV_NO_CACHE := 1
export PIP_NO_CACHE_DIR := 1
endif
# What Python has compiled is kept, wherever make is called: a service of `make run`, and each process of a test, would
# otherwise compile every module again, half of its start.
unexport PYTHONDONTWRITEBYTECODE
# A name server or a registry that is away for half a minute costs half a minute, not the whole setup.
export UV_HTTP_RETRIES := 8
# A facility that inspects TLS has a certificate of its own, which this machine trusts: so does uv, as pip does anyway.
ifneq ($(wildcard /etc/ssl/certs/* /etc/ssl/cert.pem /etc/pki/tls/certs/*),)
export UV_SYSTEM_CERTS := 1
endif
export PIP_RETRIES := 8
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help:
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Use it
run: .venv/.run ## start everything, send the examples, serve until Ctrl-C
	@$(BIN)/beamcat run
demo: .venv/.run ## the same, but end with 0 if and only if all that was sent was found
	@$(BIN)/beamcat demo
up: .venv/.run ## start everything and serve, sending nothing
	@$(BIN)/beamcat up
setup: .venv/.dev ## only install: .venv with all that running and testing need

##@ Change it
test: lint types .venv/.dev .venv/.mxcube .venv/.docs ## lint, types and every test
	@$(BIN)/python -m pytest -n auto tests/unit tests/contract tests/flow
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/integration
	@$(BIN)/python -m pytest tests/e2e
unit: .venv/.dev ## the tests of the code by itself, in seconds, with fewer random examples than `make test`
	@$(BIN)/python -m pytest -q -n auto --hypothesis-profile=quick tests/unit
check: lint types .venv/.dev ## what every commit passes: lint, types, and all tests that need no server
	@$(BIN)/python -m pytest -q -n auto --hypothesis-profile=quick tests/unit tests/contract tests/flow
client: .venv/.dev ## the tests of the Python client, on every Python that it supports: one that is missing here fails
	@EVERY_PYTHON=1 $(BIN)/python -m pytest -q -n auto tests/unit/client tests/flow/client tests/contract/test_client_package.py
lint: .venv/.dev ## rules and format (ruff), who imports whom (import-linter), what is declared (deptry)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/deptry .
	@$(BIN)/deptry . --optional-dependencies-dev-groups dev,bench --extend-exclude 'tests|benchmarks|tools'
types: .venv/.dev ## mypy, strict
	@$(BIN)/python -m mypy
format: .venv/.dev ## let ruff mend what it can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
contracts: .venv/.dev ## write anew what is generated: schemas, AsyncAPI and OpenAPI documents, tables in docs, builders
	@$(BIN)/python -m tools.contracts
coverage: .venv/.dev ## which branches the tests that need no server do not take
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -q -n auto --hypothesis-profile=quick tests/unit tests/contract tests/flow
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report
journeys: .venv/.dev ## the files and lines that run for one dataset, one frame, one rejection, one rebuild
	@$(BIN)/python -m tools.journeys
lock: .venv/.dev ## resolve all dependencies anew: requirements/*.txt and jgo.lock.toml
	@$(LOCK) --extra embedded --extra dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) --extra embedded pyproject.toml -c requirements/dev.txt -o requirements/run.txt
	@$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/image.txt
	@$(LOCK) requirements/mxcube.in -o requirements/mxcube.txt
	@$(subst --universal,--no-deps,$(LOCK)) requirements/mxcubecore.in -o requirements/mxcubecore.txt
	@$(LOCK) --group docs -o requirements/docs.txt
	@$(LOCK) requirements/bootstrap.in -c requirements/dev.txt -o requirements/bootstrap.txt
	@$(BIN)/python -m deploy.embedded.jars lock

##@ Hand it on
wheel: .venv/.run ## the Python client as a wheel and a source distribution, in dist/
	@cd clients/python && $(CURDIR)/$(BIN)/python -m hatchling build -d $(CURDIR)/dist

docs: .venv/.docs ## the documentation as a site, in build/site; a link or an anchor that leads nowhere fails
	@.venv/docs/bin/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env --write-all --jobs auto \
		--conf-dir tools/site --doctree-dir build/doctrees . build/site
	@echo "build/site/index.html"

##@ Push it
faults: .venv/.dev ## kill everything while 5,000 datasets flow, then count; SEED=… repeats a run
	@$(BIN)/python -m tests.faults $(if $(SEED),--seed $(SEED))
faults-icat: .venv/.dev ## kill the edge under five real clients of ICAT, Kafka away for a minute; SEED=… repeats a run
	@$(BIN)/python -m tests.faults.frames $(if $(SEED),--seed $(SEED))
attack: .venv/.dev ## attack a running beamcat in every way we know, while a neighbour must be served; SEED=… repeats a run
	@$(BIN)/python -m tests.attack $(if $(SEED),--seed $(SEED)) $(ATTACKS)
bench: .venv/.dev ## the whole path in every form of running, beside a plain COPY; options follow: `make bench -- --runs 1`
	@$(BIN)/python -m benchmarks.flow $(OPTIONS)
bench-stages: .venv/.dev ## what each stage costs alone on a full backlog, in CPU
	@$(BIN)/python -m benchmarks.stages $(OPTIONS)
bench-search: .venv/.dev ## what a search takes at 100,000 datasets
	@$(BIN)/python -m benchmarks.search $(OPTIONS)
bench-validator: .venv/.dev ## what checking one dataset takes
	@$(BIN)/python -m benchmarks.validator $(OPTIONS)
bench-icat: .venv/.dev ## frames of ICAT's clients a second, taken and committed, beside the broker of their own mock
	@$(BIN)/python -m benchmarks.icat $(OPTIONS)
bench-submit: .venv/.dev ## how long `beamcat submit` of 2,000 takes, beside the time until all are committed
	@$(BIN)/python -m benchmarks.submit $(OPTIONS)

##@ Leave it
clean: ## remove what setup and tests made; the catalogue in .beamcat stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find . -type d \( -name __pycache__ -o -name .ruff_cache \) -prune -exec rm -rf {} +

# uv and jgo come first, by pip, so that the wheels and Kafka's jars can then be fetched side by side.
.venv/.bootstrap: requirements/bootstrap.txt
	@set -eu; \
	for python in $(if $(PYTHON),"$(PYTHON)",/usr/bin/python3 python3 python3.13 python3.12 python3.11); do \
		"$$python" -c 'import sys; from importlib.util import find_spec as has; \
			sys.exit(sys.version_info < (3, 11) or not (has("pip") or has("ensurepip")))' 2>/dev/null && \
			found=$$python && break; \
	done; \
	test -n "$${found:-}" || { echo "beamcat needs Python 3.11 or newer, with pip or ensurepip" \
		"(Debian, Ubuntu: apt install python3-venv): make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
	echo "== Python environment: .venv ($$("$$found" --version))"; \
	rm -rf .venv; \
	"$$found" -m venv --without-pip .venv; \
	pip="$$found -m pip --python $(BIN)/python"; \
	$$pip --version >/dev/null 2>&1 || { $(BIN)/python -m ensurepip >/dev/null && pip="$(BIN)/python -m pip"; }; \
	$$pip install --quiet --no-compile --require-hashes -r $<; \
	touch $@

.venv/.run: .venv/.bootstrap requirements/run.txt jgo.lock.toml pyproject.toml clients/python/pyproject.toml
	@set -eu; \
	echo "== Kafka's jars and Python's wheels"; \
	$(BIN)/python -m deploy.embedded.jars sync & jars=$$!; trap 'kill $$jars 2>/dev/null || true' EXIT; \
	$(BIN)/uv pip install --require-hashes -r requirements/run.txt; \
	$(BIN)/uv pip install --quiet --offline --no-deps --no-build-isolation -e . -e clients/python; \
	wait $$jars; \
	touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	@set -eu; \
	echo "== What tests need"; \
	$(BIN)/uv pip install --require-hashes -r requirements/dev.txt; \
	touch $@

# MXCuBE's own classes, for the tests that run them; where they cannot be installed, those tests are skipped and say so.
.venv/.mxcube: .venv/.bootstrap requirements/mxcube.txt requirements/mxcubecore.txt
	@echo "== MXCuBE, for the end-to-end tests"; \
	export UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=.venv/mxcube; \
	if $(BIN)/uv venv --quiet --clear --python '>=3.11,<3.12' .venv/mxcube && \
		$(BIN)/uv pip install --quiet --no-deps --require-hashes $(foreach file,$(wordlist 2,3,$^),-r $(file)); \
	then touch $@; else rm -rf .venv/mxcube; echo "mxcubecore cannot be installed here (it needs Python 3.11)"; fi

.venv/.docs: .venv/.bootstrap requirements/docs.txt
	@set -eu; \
	echo "== Sphinx, for the documentation's site"; \
	export VIRTUAL_ENV=.venv/docs; \
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv/docs; \
	$(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements/docs.txt; \
	touch $@
