# Every command of the project in one place; CI runs the same ones.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PY := .venv/bin/python

.PHONY: help setup clients web up down status test conformance screenshots check format lock
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## make .venv hold exactly what the locks say
	@tools/setup.sh

clients: setup ## bring kubectl and helm where this machine has none that will do
	@$(PY) tools/clients.py

web: setup ## build the page
	@tools/web.sh

# The data live in the checkout, so that another clone starts afresh; AI4K8S_HOME names another place.
up: setup web ## start everything here, with a simulated cluster (ARGS="--trace shop/web=FILE")
	@[ -n "$$AI4K8S_HOME" ] || mkdir -p .ai4k8s
	@exec .venv/bin/ai4k8s up $(ARGS)

status: setup ## what runs
	@exec .venv/bin/ai4k8s status

down: setup ## stop what `make up` started
	@.venv/bin/ai4k8s down

test: setup web ## the whole suite, in parallel
	@tools/test.sh $(ARGS)

screenshots: setup web ## make the pictures of the README (needs Chromium; about five minutes)
	@$(PY) tools/screenshots.py

# CASES=read or write chooses; without KUBECONFIG it is the simulated cluster. One that is merely in the environment is not
# meant: who types this would not expect writes to it.
conformance: setup ## kubectl, helm and client against a cluster (KUBECONFIG=FILE CASES=read)
	@CONFORMANCE_KUBECONFIG='$(if $(filter command line,$(origin KUBECONFIG)),$(KUBECONFIG))' CONFORMANCE_CASES='$(or $(CASES),all)' \
	  tools/test.sh tests/conformance $(ARGS)

check: setup ## format, lint, strict types, import rules
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy libs services tests benchmarks
	@.venv/bin/lint-imports --no-cache

format: setup ## put every file into the project's format
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

lock: setup ## resolve dependencies anew
	@tools/lock.sh
