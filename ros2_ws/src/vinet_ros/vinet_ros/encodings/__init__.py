# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Image payloads into RGB arrays: raw encodings of sensor_msgs, JPEG and PNG.

Nothing here needs ROS: the functions take plain numbers and buffers, and trust none of them.
"""

from vinet_ros.encodings.compressed import compressed_size, decode_compressed, decode_stored
from vinet_ros.encodings.raw import (
    ENCODINGS,
    MAX_PIXELS,
    RawImage,
    Rgb,
    check_raw,
    check_size,
    decode_raw,
    payload_bytes,
    resize_raw,
    row_bytes,
)

__all__ = [
    "ENCODINGS",
    "MAX_PIXELS",
    "RawImage",
    "Rgb",
    "check_raw",
    "check_size",
    "compressed_size",
    "decode_compressed",
    "decode_raw",
    "decode_stored",
    "payload_bytes",
    "resize_raw",
    "row_bytes",
]
