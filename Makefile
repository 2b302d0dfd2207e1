# Every target first sets up what it needs, which takes no time when nothing has changed.
# Extra arguments: make run ARGS="--port 9000", make test ARGS="tests/easel -x".

ARGS ?=
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMP := .venv/.set-up
BROWSER := .venv/.browser

.PHONY: help setup run test lint bench deploy-check

help:
	@echo "make setup   create .venv, with the easel command in $(BIN)"
	@echo "make run     start everything; without DISCORD_TOKEN, open http://127.0.0.1:8642"
	@echo "make test    run all tests; a part with ARGS=tests/easel"
	@echo "make lint    check style, types and import contracts"
	@echo "make bench   run the benchmarks"
	@echo "make deploy-check   build the images and run the compose file; slow, needs root and podman"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "Easel needs Python 3.11 or newer. Install it, or set its path with make PYTHON=/path/to/python3"; exit 1; fi
	@echo "Setting up .venv with $$($(PYTHON) --version). This downloads torch, which takes a few minutes."
	@$(PYTHON) -m venv .venv || { \
		echo "Could not create a virtual environment. On Debian and Ubuntu, run: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --no-compile -c constraints.txt -e ".[bot,engine,dev,openvino]"
	@echo "Compiling what was installed, on all cores."
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	@touch $@
	@echo "Done. The easel command is $(BIN)/easel"

run: $(STAMP)
	@exec $(BIN)/easel run $(ARGS)

test: $(STAMP) $(BROWSER)
	@exec $(BIN)/python -m pytest --numprocesses=auto --dist=loadscope --no-loadscope-reorder $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)
	@exec $(BIN)/python -m tests.bench $(ARGS)

deploy-check: $(STAMP)
	@exec sh deploy/check/check.sh

# The browser tests use an installed Chromium or Chrome, and download one only if there is none.
$(BROWSER): $(STAMP)
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		if command -v $$name >/dev/null 2>&1; then touch $@; exit 0; fi; done; \
	echo "No Chromium found. Downloading one for the browser tests."; \
	if $(BIN)/playwright install chromium; then touch $@; \
	else echo "Could not download Chromium. The browser tests will be skipped."; fi
