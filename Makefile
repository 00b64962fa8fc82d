# All set-up happens here: on a fresh clone, `make demo` and `make test` need only Python 3.11 or newer.
# AZENV_PYTHON, or an active virtual environment, is used as it is; else .venv is made.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: bench completions demo help lint lint-python lint-shells ready test

ifdef AZENV_PYTHON
PY := $(AZENV_PYTHON)
else ifdef VIRTUAL_ENV
PY := $(VIRTUAL_ENV)/bin/python
else
PY := $(CURDIR)/.venv/bin/python
ready: .venv/ready
endif

export PATH := $(dir $(PY)):$(PATH)
ifeq ($(shell command -v pwsh),)
export PATH := $(PATH):$(abspath ../shared/pwsh)
endif

# More words for pytest or the benchmark: make test ARGS='-k fish', make bench ARGS='--rounds 7'
ARGS ?=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ready ## two pinned directories switch what az sees; a sign-in; in throw-away homes
	bash tests/demo.sh

test: ready ## every test, in random order
	$(PY) -m pytest -n 2 $(ARGS)

bench: ready ## the figures that azenv promises, beside direnv, mise and az
	$(PY) -m tests.bench $(ARGS)

lint: lint-python lint-shells ## everything that reads the code without running it

lint-python: ready
	ruff check
	ruff format --check
	mypy
	lint-imports
	codespell
	validate-pyproject pyproject.toml

# A tool that is missing is told and left out; with AZENV_REQUIRE_TOOLS it is an error.
with = if command -v $(1) >/dev/null; then echo 'make: $(1)'; $(2); else \
	echo 'make: no $(1) here, its files go unchecked' >&2; test -z "$${AZENV_REQUIRE_TOOLS-}"; fi

parse_ps1 = pwsh -NoProfile -NonInteractive -Command '\
	$$count = 0; \
	foreach ($$file in [IO.Directory]::GetFiles("shell", "*.ps1") + "completions/azenv.ps1") { \
		$$errors = $$null; \
		[void][System.Management.Automation.Language.Parser]::ParseFile( \
			[IO.Path]::GetFullPath($$file), [ref]$$null, [ref]$$errors); \
		foreach ($$e in $$errors) { "{0}:{1}: {2}" -f $$file, $$e.Extent.StartLineNumber, $$e.Message; $$count++ } \
	}; \
	exit $$count'

lint-shells: ready
	@$(call with,shellcheck,shellcheck shell/*.bash completions/azenv.bash tests/demo.sh .ci/run)
	@$(call with,zsh,for f in shell/*.zsh completions/_azenv; do zsh -n $$f; done)
	@$(call with,fish,for f in shell/*.fish completions/azenv.fish; do fish --no-execute $$f; done)
	@$(call with,fish_indent,fish_indent --check shell/*.fish completions/azenv.fish)
	@$(call with,pwsh,$(parse_ps1))

completions: ready ## write completions/ anew from the commands
	set -- bash azenv.bash zsh _azenv fish azenv.fish powershell azenv.ps1; \
	while (( $$# )); do \
		$(PY) -m azenv completion "$$1" >completions/.new; \
		mv completions/.new "completions/$$2"; \
		shift 2; \
	done

ready:
	@$(PY) -c 'import click, pytest, xdist' || { \
		echo "make: $(PY) lacks what azenv needs: $(PY) -m pip install -e '.[dev]'" >&2; exit 1; }

.venv/ready: pyproject.toml
	@for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "make: making .venv with $$("$$python" --version)"; \
			"$$python" -m venv .venv; \
			.venv/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
			touch $@; \
			exit; \
		fi; \
	done; \
	echo 'make: no Python 3.11 or newer with venv here (on Debian: apt install python3-venv)' >&2; exit 1
