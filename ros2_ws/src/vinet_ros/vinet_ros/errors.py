# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The errors a user of the package can meet; each message says expected, got and what to do."""


class VinetError(Exception):
    """Base of every error that this package raises on bad input or a missing part."""


class WeightsError(VinetError):
    """A weight file is missing, damaged, hostile, or does not fit the model."""


class FrameError(VinetError):
    """An image or its message cannot be used as a frame."""


class DataError(VinetError):
    """A data set, a video or another file on disk cannot be used."""


class DeviceError(VinetError):
    """The asked-for device, precision or execution path is not available."""


class OutputError(VinetError):
    """A result cannot be written: no room, no right, or something else is in its place."""


class SoundError(VinetError):
    """A chunk of sound or its message cannot be used."""
