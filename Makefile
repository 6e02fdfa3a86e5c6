# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0
# The commands of this project; `make help` lists them.
PYTHON ?= python3
export PYTHON

# A sourced ROS 2 gets an environment of its own, .venv-<distribution>. Where none is sourced, ROS
# names the wheels: kilted in .venv, another distribution in .venv-<distribution>-wheels. So all of
# them can live side by side.
ROS_SOURCED := $(shell [ -n "$$ROS_DISTRO" ] && $(PYTHON) -c 'import rclpy' 2>/dev/null && echo "$$ROS_DISTRO")
ROS ?= $(or $(ROS_SOURCED),kilted)
ifneq ($(ROS_SOURCED),)
ifneq ($(ROS),$(ROS_SOURCED))
$(error ROS=$(ROS) is asked for, but ROS 2 $(ROS_SOURCED) is sourced; use a shell without it)
endif
endif
SUFFIX := $(or $(addprefix -,$(ROS_SOURCED)),$(addsuffix -wheels,$(addprefix -,$(filter-out kilted,$(ROS)))))
VENV ?= $(CURDIR)/.venv$(SUFFIX)
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

# make soak, make fuzz, make pytest, make lock, make paper-smoke
SOAK_S ?= 120
FUZZ_RUNS ?= 1000000
TESTS ?=
JOBS ?= 2
LOCKS ?=
TABLES ?= I V VI 5.4

.PHONY: help env demo test lint install-check pytest soak fuzz lock paper-smoke
help:
	@echo "make env    the Python environment, in $(VENV); ROS=jazzy for Jazzy's wheels"
	@echo "make demo   play a clip through the nodes; VIDEO=file CAMERA=index MODEL= WEIGHTS= DEVICE= DURATION=s OUT=demo"
	@echo "make test   every check: ruff, mypy, import layers, colcon build and its share folder, pytest"
	@echo "            ROS=jazzy on Jazzy's wheels; one step: make lint, install-check, pytest [TESTS=tests/ros];"
	@echo "            JOBS=2 processes for the tests that need no ROS"
	@echo "make soak   a 30 Hz VGA camera for SOAK_S=120 seconds: memory and reception within their limits"
	@echo "make fuzz   FUZZ_RUNS=1000000 made-up camera messages against their conversion"
	@echo "make paper-smoke  tables of the papers end to end on made videos; TABLES=all"
	@echo "make lock   resolve requirements/*.in into requirements/*.lock; LOCKS=ros-jazzy for one of them"

env: $(STAMP)

$(STAMP): $(wildcard requirements/*) scripts/make_env.sh $(PACKAGE)/setup.py
	scripts/make_env.sh "$(VENV)" "$(ROS)"
	@touch "$@"

demo: $(STAMP)
	@python -m vinet_ros.ros.demo $(DEMO_ARGS)

# pytest comes last: its closing lines are the summary of the whole run.
test: lint install-check pytest

lint: $(STAMP)
	cd $(PACKAGE) && python -m ruff check . ../../../scripts --config pyproject.toml
	cd $(PACKAGE) && python -m ruff format --check . ../../../scripts --config pyproject.toml
	cd $(PACKAGE) && python -m mypy
	cd $(PACKAGE) && lint-imports

install-check: $(STAMP)
	scripts/install_check.sh

# A sourced ROS 2 brings pytest plugins of its own, which this suite neither needs nor expects.
PYTEST := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 python -m pytest -p pytest_timeout
# What knows no ROS runs in JOBS processes; nodes that work against the clock then have the machine
# for themselves. Both parts run, whatever the first one says.
pytest: $(STAMP)
ifeq ($(strip $(TESTS)),)
	cd $(PACKAGE) && { OMP_NUM_THREADS=1 $(PYTEST) -p xdist -n $(JOBS) --ignore=tests/ros; \
		first=$$?; $(PYTEST) tests/ros && exit $$first; }
else
	cd $(PACKAGE) && $(PYTEST) $(TESTS)
endif

soak: $(STAMP)
	vinet benchmark node --seconds $(SOAK_S) --check

fuzz: $(STAMP)
	cd $(PACKAGE) && python tests/fuzz/fuzz_messages.py -runs=$(FUZZ_RUNS) -seed=1 -close_fd_mask=2 -verbosity=0

# One table of each kind: scores, scores by category, likeness of maps, norms of features.
paper-smoke: $(STAMP)
	vinet paper run $(TABLES) --smoke --no-progress --out paper_smoke

lock:
	$(PYTHON) scripts/lock.py $(LOCKS)
