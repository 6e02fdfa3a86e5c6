# The commands of this project; `make help` lists them.
PYTHON ?= python3
export PYTHON

# A sourced ROS 2 gets an environment of its own, so that both kinds can live side by side.
ROS_SOURCED := $(shell [ -n "$$ROS_DISTRO" ] && $(PYTHON) -c 'import rclpy' 2>/dev/null && echo "$$ROS_DISTRO")
VENV ?= $(CURDIR)/.venv$(addprefix -,$(ROS_SOURCED))
STAMP := $(VENV)/.made
PACKAGE := ros2_ws/src/vinet_ros
# Every target runs in the environment, as after `. .venv/bin/activate`.
export VIRTUAL_ENV := $(abspath $(VENV))
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)

# make demo
OUT ?= demo
VIDEO ?=
CAMERA ?=
MODEL ?=
WEIGHTS ?=
DEVICE ?=
DURATION ?=
DEMO_ARGS = --out "$(OUT)" $(if $(VIDEO),--video "$(VIDEO)") $(if $(CAMERA),--camera "$(CAMERA)") \
	$(if $(MODEL),--model "$(MODEL)") $(if $(WEIGHTS),--weights "$(WEIGHTS)") \
	$(if $(DEVICE),--device "$(DEVICE)") $(if $(DURATION),--duration "$(DURATION)")

.PHONY: help env demo test lint install-check pytest lock
help:
	@echo "make env    the Python environment, in $(VENV)"
	@echo "make demo   play a clip through the nodes; VIDEO=file CAMERA=index MODEL= WEIGHTS= DEVICE= DURATION=s OUT=demo"
	@echo "make test   every check: ruff, mypy, import layers, colcon build and its share folder, pytest"
	@echo "make lock   resolve requirements/*.in into requirements/*.lock"

env: $(STAMP)

$(STAMP): $(wildcard requirements/*) scripts/make_env.sh $(PACKAGE)/setup.py
	scripts/make_env.sh "$(VENV)"
	@touch "$@"

demo: $(STAMP)
	@python -m vinet_ros.ros.demo $(DEMO_ARGS)

# pytest comes last: its closing line is the summary of the whole run.
test: lint install-check pytest

lint: $(STAMP)
	cd $(PACKAGE) && python -m ruff check . ../../../scripts --config pyproject.toml
	cd $(PACKAGE) && python -m ruff format --check . ../../../scripts --config pyproject.toml
	cd $(PACKAGE) && python -m mypy
	cd $(PACKAGE) && lint-imports

install-check: $(STAMP)
	scripts/install_check.sh

# A sourced ROS 2 brings pytest plugins of its own, which this suite neither needs nor expects.
pytest: $(STAMP)
	cd $(PACKAGE) && PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest -p pytest_timeout

lock:
	$(PYTHON) scripts/lock.py
