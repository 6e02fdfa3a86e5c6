#!/usr/bin/env bash
# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0
# Take vtest.avi, a clip of people in a street, out of Debian's package opencv-doc into build/:
# the check of the gaze marks runs on it too where it is there. Nothing is installed.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
inside=usr/share/doc/opencv-doc/examples/data/vtest.avi
target=$root/build/vtest.avi

[ ! -f "$target" ] && [ ! -f "/$inside" ] || exit 0
command -v apt-get >/dev/null || { echo "no apt-get here; vtest.avi is not fetched" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if ! apt-get download -qq opencv-doc 2>/dev/null; then
    [ "$(id -u)" = 0 ] && apt-get update -qq
    apt-get download -qq opencv-doc
fi
dpkg-deb --fsys-tarfile opencv-doc_*.deb | tar -x -C "$folder" "./$inside"
mkdir -p "$root/build"
mv "$folder/$inside" "$target"
