# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""How a network is executed: one interface, one file a path."""

from vinet_ros.runtime.base import Executor, Kept, Sharing
from vinet_ros.runtime.select import create_executor
from vinet_ros.runtime.shared import SharedNetworks

__all__ = ["Executor", "Kept", "SharedNetworks", "Sharing", "create_executor"]
