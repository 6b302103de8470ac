# The two commands of the README are `make demo` and `make test`; each does all the set-up itself.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON := .venv/bin/python

.PHONY: help demo run stop test bench chaos setup setup-dev build lint format clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo:  ## start everything, walk through the tutorial, stay up until Ctrl-C (ONCE=1: stop at the end)
	@begun=$$(date +%s.%N); bash deploy/setup.sh; \
	export SETUP_SECONDS=$$(echo "$$(date +%s.%N) $$begun" | awk '{printf "%.1f", $$1 - $$2}'); \
	exec $(PYTHON) -m deploy.embedded demo

run: setup  ## start everything without demo data
	@exec $(PYTHON) -m deploy.embedded run

stop:  ## stop what `make demo` or `make run` left running from this data folder
	@exec $(PYTHON) -m deploy.embedded stop

test: setup-dev  ## lint, types, import contracts, migrations, all tests
	@exec bash deploy/test.sh

bench: setup-dev  ## Isthmus beside what one would write by hand, at full length (BENCH="--quick" and other options)
	@exec $(PYTHON) -m benchmarks $(BENCH)

chaos: setup-dev  ## kill everything while 20,000 events come in, and count what came of them (CHAOS="--events 2000")
	@exec $(PYTHON) -m benchmarks.chaos $(CHAOS)

setup:  ## virtual environment, locked packages, front-end build
	@bash deploy/setup.sh

setup-dev:
	@bash deploy/setup.sh --dev

build:  ## build the front end anew
	@bash deploy/setup.sh --build

lint: setup-dev  ## the checks of `make test` without its tests
	@bash deploy/test.sh --lint

format: setup-dev  ## put the code in its form
	@$(PYTHON) -m ruff check --fix . && $(PYTHON) -m ruff format .

clean:  ## remove what set-up made; the data folder stays
	rm -rf .venv node_modules static/dist staticfiles
