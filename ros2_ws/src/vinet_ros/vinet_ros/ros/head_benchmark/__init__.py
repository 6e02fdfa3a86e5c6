# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The closed loop measured: simulator, network, controller and recorder in processes of their own.

Scenes are drawn by seed; what the head did is judged against where things truly were.
"""
