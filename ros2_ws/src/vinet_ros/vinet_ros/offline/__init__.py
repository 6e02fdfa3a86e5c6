# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Offline tools: evaluation, and maps and gaze for files."""
