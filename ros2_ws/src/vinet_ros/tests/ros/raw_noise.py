# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Raw images of noise in every encoding."""

import sys

import numpy as np

from vinet_ros.encodings import RawImage, payload_bytes, row_bytes

NATIVE = sys.byteorder == "big"


def noise(encoding, width=64, height=48, padding=0, bigendian=NATIVE):
    """Return a raw image that says the truth about its data."""
    bare = RawImage(encoding, width, height, 0, bigendian, b"")
    bare = RawImage(encoding, width, height, row_bytes(bare) + padding, bigendian, b"")
    data = np.random.default_rng(len(encoding)).bytes(payload_bytes(bare))
    return RawImage(encoding, width, height, bare.step, bigendian, data)
