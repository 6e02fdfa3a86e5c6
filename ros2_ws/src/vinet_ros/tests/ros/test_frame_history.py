# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The images behind a prediction."""

import numpy as np

from vinet_ros.ros.frame_history import Frame, FrameHistory


def frame(stamp_ns: int) -> Frame:
    return Frame(stamp_ns, None, np.zeros((1, 1, 3), np.uint8))


def test_the_image_that_was_predicted_on_is_found() -> None:
    history = FrameHistory()
    assert history.begin() is None
    first, second = frame(1), frame(2)
    history.push(first)
    assert history.begin() is first
    history.push(second)  # between the start of a prediction and its look at the window
    assert history.end(2) is second
    assert history.end(2) is None


def test_images_that_come_during_a_long_prediction_are_not_kept() -> None:
    history = FrameHistory()
    history.push(frame(0))
    history.begin()
    for stamp_ns in range(1, 100):
        history.push(frame(stamp_ns))
    assert len(history._kept) <= 6
    assert history.begin().stamp_ns == 99
