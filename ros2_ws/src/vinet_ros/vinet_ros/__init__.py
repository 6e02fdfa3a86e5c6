# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Video saliency for robots: from a camera's frames to the point a person would look at."""

__version__ = "0.1.0"
