# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""saliency_node measured from outside: camera, node and listener in processes of their own."""
