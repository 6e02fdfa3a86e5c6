#!/usr/bin/env bash
# Build the package with colcon as a robot would, look into what was installed, and run it:
# scripts/install_check.sh BIN, where BIN is the environment's bin folder.
#
# Nothing is built inside the sources: build, install and log go to build/colcon (ignored by git).
set -euo pipefail

bin=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/build/colcon
install=$out/install/vinet_ros

fail() {
    echo "install check: $*" >&2
    exit 1
}

rm -rf "$out"
mkdir -p "$out"
export PATH="$bin:$PATH"
cd "$root/ros2_ws"
colcon --log-base "$out/log" build --packages-select vinet_ros \
    --build-base "$out/build" --install-base "$out/install" </dev/null

# The share folder holds each file of these folders, byte by byte, and no folder is empty.
for folder in launch config rviz models; do
    [ -n "$(ls "src/vinet_ros/$folder")" ] || fail "src/vinet_ros/$folder is empty"
    diff -rq --exclude=__pycache__ "src/vinet_ros/$folder" "$install/share/vinet_ros/$folder" \
        || fail "share/vinet_ros/$folder is not what src/vinet_ros/$folder holds"
done
[ -f "$install/share/vinet_ros/package.xml" ] || fail "share/vinet_ros/package.xml is missing"
[ -f "$install/share/ament_index/resource_index/packages/vinet_ros" ] \
    || fail "the ament index does not know vinet_ros"
for program in saliency_node source_node vinet; do
    [ -x "$install/lib/vinet_ros/$program" ] || fail "lib/vinet_ros/$program is missing"
done

# As a user: source the workspace, start the installed programs, from another folder.
set +u
# shellcheck disable=SC1091
. "$out/install/local_setup.bash"
set -u
cd /
"$bin/python" "$root/scripts/check_installed.py" "$install"
echo "install check: share, programs and a gaze from the installed nodes are there"
