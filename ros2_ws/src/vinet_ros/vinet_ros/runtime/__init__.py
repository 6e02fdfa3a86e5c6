"""How a network is executed: one interface, one file a path."""

from vinet_ros.runtime.base import Executor, Kept
from vinet_ros.runtime.select import create_executor

__all__ = ["Executor", "Kept", "create_executor"]
