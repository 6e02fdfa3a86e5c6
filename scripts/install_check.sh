#!/usr/bin/env bash
# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0
# Build the package with colcon as a robot would, look into what was installed, and run it, in the
# environment that is active.
#
# Nothing is built inside the sources: build, install and log go to build/colcon (ignored by git).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build/colcon

fail() {
    echo "install check: $*" >&2
    exit 1
}

build() { # FOLDER [OPTION]: build into a folder, as copies or as links
    local folder=$1
    shift
    (cd "$root/ros2_ws" && colcon --log-base "$folder/log" build --packages-select vinet_ros \
        --build-base "$folder/build" --install-base "$folder/install" "$@" </dev/null)
}

check_files() { # INSTALLED: all shared files byte by byte, the index, the programs
    local installed=$1 folder program
    for folder in launch config rviz models; do
        [ -n "$(ls "$root/ros2_ws/src/vinet_ros/$folder")" ] || fail "$folder/ is empty"
        diff -rq --exclude=__pycache__ \
            "$root/ros2_ws/src/vinet_ros/$folder" "$installed/share/vinet_ros/$folder" \
            || fail "share/vinet_ros/$folder is not what $folder/ holds"
    done
    [ -f "$installed/share/vinet_ros/package.xml" ] || fail "package.xml is not installed"
    [ -f "$installed/share/ament_index/resource_index/packages/vinet_ros" ] \
        || fail "the ament index does not know vinet_ros"
    for program in saliency_node saliency_nodes source_node microphone_node vinet; do
        [ -x "$installed/lib/vinet_ros/$program" ] || fail "lib/vinet_ros/$program is missing"
    done
}

rm -rf "$out"
build "$out/links" --symlink-install
check_files "$out/links/install/vinet_ros"
build "$out/copies"
check_files "$out/copies/install/vinet_ros"

# As a user: source the workspace, start the installed programs, from another folder.
set +u
# shellcheck disable=SC1091
. "$out/copies/install/local_setup.bash"
set -u
cd /
python "$root/scripts/check_installed.py" "$out/copies/install/vinet_ros"
echo "install check: shared files and programs are there; the installed nodes gave a gaze target"
