# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``python -m vinet_ros.cli`` is ``vinet``."""

from vinet_ros.cli import main

main()
