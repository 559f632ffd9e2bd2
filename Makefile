# What people and CI run. `make help` lists the targets; CONTRIBUTING.md says when to use which.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMPS := $(VENV)/.stamps
BUNDLE := jupyter_lambda/labextension/package.json
LAB_FOLDER := $(VENV)/share/jupyter/labextensions/jupyter-lambda
FRONTEND := $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) \
            labextension/package.json labextension/widget.mjs labextension/tsconfig.json labextension/.yarnrc.yml labextension/yarn.lock

# What the tests need from Debian, as COMMAND:PACKAGE or FILE:PACKAGE; installed where it is missing and we are root.
TEST_PACKAGES := cc:build-essential g++:build-essential cmake:cmake \
                 curl:curl go:golang-go ruby:ruby javac:default-jdk-headless \
                 dockerd:docker.io containerd:containerd runc:runc iptables:iptables ip:iproute2 openssl:openssl \
                 chromium:chromium /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf:fonts-dejavu-core

# Node of the machine, else the one that tools/node.sh installed from PyPI.
export PATH := $(abspath $(BIN)):$(abspath .tools/node/bin):$(PATH)
# Targets build the front end themselves, when they need it.
export JUPYTER_LAMBDA_NO_FRONTEND := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo lab test bench screenshots check format develop frontend dist clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 12

demo: $(STAMPS)/demo ## Run the quickstart notebook without a browser, and print what it did
	$(PY) tools/demo.py notebooks/quickstart.ipynb

lab: $(STAMPS)/lab frontend ## Open JupyterLab on the quickstart notebook
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/quickstart.ipynb

test: $(STAMPS)/test $(STAMPS)/node-runtime frontend ## Install what the tests need, and run them all
	@tools/system_packages.sh $(TEST_PACKAGES)
	@$(PY) -m pytest $(PYTEST_ARGS); status=$$?; \
	if [ $$status -eq 0 ]; then echo "make test: all tests passed"; else echo "make test: FAILED (pytest ended with $$status)"; fi; exit $$status

bench: $(STAMPS)/test frontend ## Measure, and write bench/results.json and its table
	$(PY) -m bench

screenshots: $(STAMPS)/test frontend ## Make the pictures in docs/images from a real JupyterLab
	$(PY) tools/screenshots.py

check: $(STAMPS)/dev $(STAMPS)/node_modules ## Lint, format, types and layers, of both halves
	@status=0; \
	try() { echo "== $$*"; "$$@" || status=1; }; \
	try ruff check .; \
	try ruff format --check .; \
	try mypy; \
	try lint-imports --no-logo; \
	try sh -c 'cd labextension && jlpm run check'; \
	if [ $$status -eq 0 ]; then echo "make check: passed"; else echo "make check: FAILED"; fi; exit $$status

format: $(STAMPS)/dev ## Format the Python files, and mend what ruff can mend
	$(BIN)/ruff check --fix-only --unsafe-fixes --quiet --select TC .
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

develop: $(STAMPS)/dev $(STAMPS)/lab frontend ## Everything for working on the project, both halves

frontend: $(BUNDLE) ## Build the JupyterLab half, and put it where this environment's JupyterLab looks
	@rm -rf $(LAB_FOLDER) && mkdir -p $(LAB_FOLDER)
	@cp -r jupyter_lambda/labextension/. install.json $(LAB_FOLDER)

dist: $(STAMPS)/dev $(STAMPS)/node ## Build the source distribution and the wheel, both with the panel, and look into them
	rm -rf dist jupyter_lambda/labextension jupyter_lambda/static
	JUPYTER_LAMBDA_NO_FRONTEND= JUPYTER_LAMBDA_REQUIRE_FRONTEND=1 $(PY) -m build
	$(PY) tools/check_dist.py dist

clean: ## Remove what was built; the environment stays
	rm -rf dist build jupyter_lambda/labextension jupyter_lambda/static labextension/lib labextension/tsconfig.tsbuildinfo
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -not -path './labextension/node_modules/*' -prune -exec rm -rf {} +

# --- Steps, each done once until what it depends on changes -----------------------------------------

$(STAMPS)/venv:
	@tools/make_venv.sh $(PYTHON) $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# Installing leaves one extra's packages in place when another is asked for: each has a stamp of its own.
$(STAMPS)/demo $(STAMPS)/lab $(STAMPS)/dev: $(STAMPS)/%: $(STAMPS)/venv pyproject.toml hatch_build.py
	$(PY) -m pip install --quiet --editable '.[$*]'
	@touch $@

# awslambdaric is compiled.
$(STAMPS)/test: $(STAMPS)/venv pyproject.toml hatch_build.py
	@tools/system_packages.sh $(TEST_PACKAGES)
	$(PY) -m pip install --quiet --editable '.[test]'
	@touch $@

# So is AWS's client for Node.
$(STAMPS)/node-runtime: tools/node_runtime.sh | $(STAMPS)/test
	@tools/node_runtime.sh $(PY) .tools/node-runtime
	@touch $@

$(STAMPS)/node: $(STAMPS)/venv
	@tools/node.sh $(PY) .tools/node
	@touch $@

$(STAMPS)/node_modules: labextension/package.json labextension/yarn.lock labextension/.yarnrc.yml $(STAMPS)/node $(STAMPS)/dev
	cd labextension && jlpm install --immutable
	@touch $@

$(BUNDLE): $(FRONTEND) $(STAMPS)/node_modules
	cd labextension && jlpm run build
	@touch $@
