# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet paper``: the tables of the ViNet paper and of the thesis, as data and run."""
