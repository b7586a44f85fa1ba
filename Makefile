# Commands for a checkout. A fresh machine needs Python 3.11 or later, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS_INSTALLED := $(VENV)/.docs-installed
PYTEST_FLAGS ?=
# Number of test processes. Most of a test is tracing, which uses a single thread.
PYTEST_PROCESSES ?= 2

export TF_CPP_MIN_LOG_LEVEL ?= 3
export NO_MKDOCS_2_WARNING := 1

.PHONY: help demo linked test lint format docs docs-serve pipelines clean

help:
	@echo "make demo    install, and train on 4,000 digits into runs/digits (about a minute)"
	@echo "make test    install, and run all tests (about half an hour on two cores)"
	@echo "make lint    install, and check style, docstrings and types"
	@echo "make format  format the code as make lint requires"
	@echo "make docs    build the documentation into site/; make docs-serve shows it"
	@echo "make pipelines  run the page about pipelines against KerasTuner, MLflow, ..."

# The stamp is written last, so that a failed installation is repeated.
$(INSTALLED): setup.py pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "aevb_tf needs Python 3.11 or later; name one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

$(DOCS_INSTALLED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/aevb-train --config=digits --workdir=runs/digits

test: $(INSTALLED)
	@$(BIN)/python -m pytest -n $(PYTEST_PROCESSES) --dist loadfile \
		--no-loadscope-reorder $(PYTEST_FLAGS)

# The package as it is installed, in links, for what reads its source: mypy and the
# documentation.
LINKED := build/package

linked:
	@rm -rf $(LINKED) && mkdir -p $(LINKED)/aevb_tf
	@cd $(LINKED)/aevb_tf && ln -sf ../../../aevb_tf/* ../../../export ../../../configs .

lint: $(INSTALLED) linked
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@cd $(LINKED) && ln -s ../../aevb_tf_cli.py ../../tests/typing/[!_]*.py .
	@cd $(LINKED) && ../../$(BIN)/mypy --config-file=../../pyproject.toml \
	  -p aevb_tf -m aevb_tf_cli -m usage -m mistakes

format: $(INSTALLED)
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# The site in site/; its tutorials are executed, and broken links are errors.
docs: $(DOCS_INSTALLED) linked
	@$(BIN)/mkdocs build --quiet

docs-serve: $(DOCS_INSTALLED) linked
	@$(BIN)/mkdocs serve

# The page about pipelines, against the real packages, in an environment of their own.
pipelines:
	test -x $(VENV)-pipelines/bin/python || $(PYTHON) -m venv $(VENV)-pipelines
	$(VENV)-pipelines/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev,pipelines]'
	@$(VENV)-pipelines/bin/python -m pytest -W default -k pipelines tests/docs

clean:
	rm -rf build dist site .cache aevb_tf.egg-info .mypy_cache .pytest_cache .ruff_cache
