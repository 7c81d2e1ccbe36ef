# Dosebell: everything that is built, run or checked starts here. `make` lists the targets.

BOARD ?= pico
JOBS ?= 2
PYTHON ?= $(firstword $(shell command -v python3.11 python3) python3)

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
TYPINGS := build/typings/.ready
DEVTOOLS := host/dosebell/devtools
PIP := $(PY) -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help setup image flash provision demo test check bench soak pictures wiring guide errors requirements clean
.DELETE_ON_ERROR:

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

setup: $(READY) ## install everything into .venv (once; the other targets do it by themselves)

image: $(READY) ## build build/dosebell-<board>.uf2 (BOARD=pico)
	@$(PY) -m dosebell.image --board $(BOARD)

flash: image ## put the image on a board and prove it (BOARD=pico PORT=serial number ALL=1 ARGS=...)
	@$(PY) -m dosebell $(if $(PORT),--port $(PORT)) flash --board $(BOARD) $(if $(ALL),--all --yes) $(ARGS)

demo: image ## watch a course on the emulated Pico, told as a timeline
	@$(PY) -m hil_tests.demo

test: image ## run all tests but the long ones (ARGS=... goes to pytest)
	@$(PY) -m pytest -n $(JOBS) --dist=worksteal $(ARGS)

check: $(READY) $(TYPINGS) ## formatter, linter and type checker, as in CI
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy host/dosebell host/tests hil_tests firmware/dosecore
	@$(PY) -m mypy --config-file $(DEVTOOLS)/device-types.ini firmware

bench: image ## measure the figures: a table, and build/bench.json
	@$(PY) -m hil_tests.benchmarks

soak: image ## run the long tests
	@$(PY) -m pytest -n $(JOBS) --dist=worksteal -m soak $(ARGS)

pictures: image ## draw the pictures of the documents into docs/pictures (those of the report with chromium)
	@$(PY) -m hil_tests.pictures.calls
	@$(PY) -m hil_tests.pictures.screens
	@$(PY) -m hil_tests.pictures.panel
	@$(PY) -m hil_tests.pictures.watch
	@$(PY) -m hil_tests.pictures.report

wiring: $(READY) ## draw the wiring and list the parts: of all boards for docs/, or of BOARD=... for build/
	@$(PY) -m dosebell.devtools.wiring $(if $(filter command,$(firstword $(origin BOARD))),--board $(BOARD))

guide: $(READY) ## the nurse's guide as a page to print: build/nurse-guide.html
	@$(PY) -m dosebell.devtools.guide

errors: $(READY) ## the table of all errors; writes docs/errors.md
	@$(PY) -m dosebell.error_words > docs/errors.md

provision: $(READY) ## test, record and label a flashed board (LABEL=... REGIMEN=hd-il2 PORT=... BY=...)
	@$(PY) -m dosebell $(if $(PORT),--port "$(PORT)") provision run "$(REGIMEN)" --label "$(LABEL)" $(if $(BY),--by "$(BY)")

requirements: $(READY) ## which tests prove which requirement; writes docs/requirements.md
	@$(PY) -m dosebell.devtools.requirements

clean: ## remove what was built; .venv and the downloaded MicroPython stay
	@if [ -d build ]; then find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +; fi
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is older than Python 3.11; name another: make PYTHON=..." >&2; exit 1; }
	@[ -x $(PY) ] || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "error: no virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "installing Dosebell and its tools into $(VENV) (once, about a minute)" >&2
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $@

$(TYPINGS): $(DEVTOOLS)/device-stubs.txt | $(READY)
	@rm -rf $(@D)
	@$(PIP) install --quiet --no-deps --target $(@D) --requirement $<
	@touch $@
