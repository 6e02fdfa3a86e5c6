#!/usr/bin/env bash
# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0
# Make the Python environment of this checkout: scripts/make_env.sh FOLDER [DISTRIBUTION]
#
# With a ROS 2 sourced (ROS_DISTRO set, rclpy importable) the environment sees the system's packages
# and gets no ROS of its own; without one it gets a ROS 2 as wheels, kilted or jazzy. PYTHON names
# the interpreter (default python3); pip takes its own options from its own variables (PIP_*).
set -euo pipefail

venv=$1
distribution=${2:-kilted}
python=${PYTHON:-python3}
root=$(cd "$(dirname "$0")/.." && pwd)
requirements=$root/requirements

fail() {
    printf 'make env: %s\n' "$@" >&2
    exit 1
}

facts() { # the interpreter's version as a number, its implementation and machine, the C library
    "$python" - <<'PY'
import platform, sys
print(sys.version_info[0] * 100 + sys.version_info[1], sys.implementation.name,
      f"{platform.system()}-{platform.machine()}", *platform.libc_ver())
PY
}

ros_is_sourced() {
    [ -n "${ROS_DISTRO:-}" ] && "$python" -c 'import rclpy' 2>/dev/null
}

check_wheels_fit() { # the lock's pins: CPython 3.11 to 3.13; the ROS wheels: x86-64, glibc 2.28
    local wanted="CPython 3.11 to 3.13 on Linux-x86_64 with glibc 2.28 or later"
    local help="use another interpreter (make env PYTHON=python3.11), or source a ROS 2 first"
    local oldest
    oldest=$(printf '%s\n' 2.28 "${libc_version:-0}" | sort -V | head -n 1)
    if [ "$version" -lt 311 ] || [ "$version" -gt 313 ] || [ "$implementation" != cpython ] \
        || [ "$machine" != Linux-x86_64 ] || [ "${libc:-}" != glibc ] || [ "$oldest" != 2.28 ]; then
        fail "the wheels of ROS 2 need $wanted;" \
            "this is $implementation $version on $machine with ${libc:-no} ${libc_version:-glibc};" \
            "$help"
    fi
}

make_venv() {
    [ -x "$venv/bin/python" ] && return
    echo "making $venv"
    "$python" -m venv "$@" "$venv" \
        || fail "$python cannot make an environment; on Debian and Ubuntu: apt install python3-venv"
}

pip_install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}

install_with_wheels() {
    local lock=$requirements/ros-$distribution.lock
    [ -f "$lock" ] || fail "no wheels of ROS 2 '$distribution' are locked; there are" \
        "$(cd "$requirements" && echo ros-*.lock)"
    check_wheels_fit
    make_venv
    echo "installing the pins of base.lock and ${lock##*/} into $venv (some minutes)"
    # What two environments share, pip takes from its cache of downloads the second time.
    pip_install --no-deps -r "$requirements/base.lock" -r "$lock"
    # Only a CUDA build of torch needs more than the lock names.
    pip_install torch -c "$requirements/base.lock"
}

install_beside_ros() {
    make_venv --system-site-packages
    echo "ROS 2 $ROS_DISTRO is sourced: installing what it lacks into $venv (some minutes)"
    # The messages' C code is built for the system's NumPy: a newer major version would not load.
    local constraint
    constraint=$("$python" -c 'import numpy; print(f"numpy<{int(numpy.__version__[0]) + 1}")')
    pip_install -r "$requirements/run.in" -r "$requirements/dev.in" -c <(echo "$constraint")
}

command -v "$python" >/dev/null || fail "no $python found; name one: make env PYTHON=..."
read -r version implementation machine libc libc_version < <(facts)
[ "$version" -ge 310 ] || fail "Python 3.10 or later is needed, $python is $version"
if ros_is_sourced; then install_beside_ros; else install_with_wheels; fi
pip_install --no-deps --no-build-isolation --editable "$root/ros2_ws/src/vinet_ros"
"$venv/bin/python" -c 'import rclpy, sensor_msgs.msg, torch, vinet_ros' \
    || fail "the environment in $venv does not import; remove that folder and run make env again"
echo "environment ready: $venv"
