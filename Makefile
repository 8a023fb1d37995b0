# Everything runs in .venv, which is made on first use from the pins in constraints.txt.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --disable-pip-version-check -q -c constraints.txt
TO_RUN := $(VENV)/.installed-to-run
TO_TEST := $(VENV)/.installed-to-test

.DEFAULT_GOAL := help
.PHONY: help demo test check lint format bench fuzz samples docs picture pins libraries clean

help:  ## Show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(TO_RUN)  ## Install mvd into .venv and measure sample_images
	$(VENV)/bin/mvd run sample_images --out results
	@echo "Look at results/summary.csv and the pictures in results/slides/*/"

test: $(TO_TEST) libraries  ## Install what the tests need and run all of them
	@bash .ci/tests $(PY)

check: lint test  ## All that CI runs: format, lint, types, architecture, tests

lint: $(TO_TEST)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PY) -m pytest -q tests/test_architecture.py

format: $(TO_TEST)  ## Format the code and mend what ruff can mend
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(TO_TEST)  ## Speed and accuracy beside other tools, into benchmarks/RESULTS.md (takes minutes)
	$(PY) benchmarks/accuracy.py --write
	$(PY) benchmarks/speed.py --write

fuzz: $(TO_TEST)  ## Thousands of damaged slides; those that break mvd are kept in build/fuzz (takes minutes)
	$(PY) tests/fuzzing.py

samples: $(TO_RUN)  ## Write sample_images again
	$(VENV)/bin/mvd phantom --out sample_images --cohort

docs: $(TO_RUN)  ## Write docs/columns.md and docs/settings.md again, from the code
	$(PY) docs/generate.py

picture: $(TO_TEST)  ## Write the pictures of README and docs again, from sample_images (the report in Chromium)
	mkdir -p docs/images && rm -rf build/picture
	$(VENV)/bin/mvd run sample_images/control_1.tif --out build/picture --quiet \
	  --hotspot-field-mm2 0.35 --report-hotspot-px 800 --report-hotspot-pictures 1
	$(PY) -c "import sys, cv2; cv2.imwrite(sys.argv[2], cv2.imread(sys.argv[1]), [cv2.IMWRITE_JPEG_QUALITY, 88])" \
	  build/picture/slides/*/hotspot_01.png docs/images/hotspot.jpg
	$(VENV)/bin/mvd run sample_images --out build/picture/cohort --quiet --hotspot-field-mm2 0.19
	$(PY) tests/report/browsing.py build/picture/cohort docs/images

pins:  ## Write constraints.txt again, from the newest versions that work together
	rm -rf build/pins && $(PYTHON) -m venv build/pins
	build/pins/bin/python -m pip install --disable-pip-version-check -q -e ".[dev]" -e "./plugins/napari[test]"
	echo '# The versions that mvd was tested with on Python 3.11; `make pins` writes this file.' > constraints.txt
	build/pins/bin/python -m pip list --disable-pip-version-check --format=freeze \
	  --exclude mvd --exclude napari-mvd --exclude pip --exclude setuptools >> constraints.txt

clean:  ## Remove .venv, results and caches
	rm -rf $(VENV) results build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

libraries:
	@bash .ci/libraries

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "mvd needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(TO_RUN): pyproject.toml constraints.txt | $(PY)
	$(INSTALL) -e .
	@touch $@

$(TO_TEST): pyproject.toml constraints.txt plugins/napari/pyproject.toml | $(PY)
	$(INSTALL) -e ".[dev]" -e "./plugins/napari[test]"
	@touch $(TO_RUN) $@
