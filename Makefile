# Everything works from a bare checkout: each target first makes .venv what the lock says.
PYTHON ?= python3
PYTEST_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install demo test bench lint messages screenshots reference

help:
	@echo "make demo     run the whole system with example data, at http://localhost:8000"
	@echo "make test     run the tests; PYTEST_ARGS=... goes to pytest"
	@echo "make bench    measure, each figure beside its limit"
	@echo "make lint     check style, types, imports, migrations and settings"
	@echo "make messages find what is to be translated, and compile the translations (needs gettext)"
	@echo "make screenshots  take pictures of every email, into var/screenshots (needs Chromium)"
	@echo "make reference  install what tests compare the count of SMS parts with, into var/reference (needs npm)"
	@echo "make install  only make $(VENV); PYTHON=... names the interpreter (3.11 or later)"

install: $(INSTALLED)

$(INSTALLED): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@

demo: install
	@exec $(BIN)/python manage.py demo

test: install
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: install
	$(BIN)/python -m tests.performance

MAKEMESSAGES = $(BIN)/python manage.py makemessages --locale hi --locale es --locale ar --no-location --no-wrap \
	--no-obsolete --ignore .venv --ignore var --ignore tests --ignore docs --ignore staticfiles --ignore build

messages: install
	$(MAKEMESSAGES)
	$(MAKEMESSAGES) --domain djangojs
	@# Without the lines that would differ each time.
	find notifications/locale project/locale -name '*.po' -exec sed -i.before \
		-e '/^"POT-Creation-Date:/d' -e '/^"Report-Msgid-Bugs-To:/d' {} +
	find notifications/locale project/locale -name '*.before' -delete
	$(BIN)/python manage.py compilemessages --ignore .venv

screenshots: install
	$(BIN)/python -m tests.browser.emails

reference:
	@npm install --prefix var/reference --no-audit --no-fund --loglevel=error \
		sms-segments-calculator@1.3.0 grapheme-splitter@1.0.4

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --fail-level WARNING
