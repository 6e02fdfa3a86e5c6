# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Messages of the node's topics, read without ROS. Needs rosbags."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from vinet_ros.errors import FrameError
from vinet_ros.offline.bag_storage import reason_of
from vinet_ros.offline.frames import NS_PER_S


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a bag.

    Args:
        content: With the message's fields.
        log_ns: When it was recorded.
        stamp_ns: Of its header; 0 where it has none.
    """

    content: Any
    log_ns: int
    stamp_ns: int

    @classmethod
    def of(cls, content: Any, log_ns: int) -> "Message":
        """Take the stamp out of a message's header."""
        header = getattr(content, "header", None)
        if header is None:
            return cls(content, log_ns, 0)
        return cls(content, log_ns, header.stamp.sec * NS_PER_S + header.stamp.nanosec)


def parse(data: bytes, message_type: str) -> Any:
    """Return a message, by ROS's own definition of its type, whatever the bag says.

    Raises:
        FrameError: If the data are not such a message.
    """
    try:
        return _typestore().deserialize_cdr(data, message_type)
    except Exception as error:  # hostile bytes fail in many ways
        raise FrameError(
            f"{len(data)} bytes are no whole {message_type} ({reason_of(error)}); "
            "the recording is damaged"
        ) from error


@cache
def _typestore() -> Any:
    from rosbags.typesys import Stores, get_typestore

    return get_typestore(Stores.ROS2_HUMBLE)  # the types read here are alike in all of them
