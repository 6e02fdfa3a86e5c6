# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""``vinet predict``: maps and gaze of videos, folders of pictures, bags and cameras."""
