# Every target does its own set-up; the first run takes about a minute, later ones start at once.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: help set-up go test e2e mutants lint format demo lock clean
help: ## what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -ts:

set-up: ## .venv and kustomize, only what is missing
	@test -n "$(PYTHON)" || { echo "needs Python 3.11 or later with venv (Debian: apt-get install python3-venv)"; exit 1; }
	@$(PYTHON) tools/set_up.py $(SET_UP_ARGS)

go: # the folder of a Go that is new enough
	@$(PYTHON) tools/set_up.py --go

test: SET_UP_ARGS = --pinned-kustomize
test: set-up ## all tests
	@$(BIN)/python -m pytest $(TEST_ARGS)

e2e: SET_UP_ARGS = --pinned-kustomize
e2e: set-up ## scenarios on the real Argo CD and Kubernetes; builds both once (10 minutes with two cores)
	@$(BIN)/python -m tests.e2e.peers
	@$(BIN)/python -m pytest -n 0 tests/e2e $(TEST_ARGS)

mutants: set-up ## does a test notice each small change of the gate, promotion, rollback? (10 minutes with two cores, too long for .ci/run)
	@rm -rf mutants
	@$(BIN)/mutmut run
	@$(BIN)/python -m tests.bot.mutants

demo: set-up ## a release travels to prod and is rolled back, on loopback; ARGS=--keep leaves it running
	@$(BIN)/python -m bot.sandbox.demo $(ARGS)

lint: set-up ## style, types, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/shellcheck -x .ci/run scripts/*.sh tests/scripts/kubectl

format: set-up ## rewrite the code in the project's form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: set-up ## requirements.lock from pyproject.toml, with hashes
	@$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv
	@printf 'setuptools>=77\nwheel\n' | build/lock/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header \
		--group dev pyproject.toml - --output-file requirements.lock

clean: ## remove what set-up made in this folder
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis mutants
