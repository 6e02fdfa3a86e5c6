# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Training: data, augmentation, losses and the Lightning module."""
