# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The camera's motion, found in frames that a known motion made."""

import cv2
import numpy as np
import pytest

from vinet_ros.streaming import camera_motion
from vinet_ros.streaming.camera_motion import CameraMotion
from vinet_ros.streaming.frame_window import Slot

HEIGHT, WIDTH = 224, 384


def texture(seed=0, size=(500, 800)):
    """A picture with structure of all sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.uniform(0, 255, (size[0] // s, size[1] // s, 3)), size[::-1])
        for s in (4, 16, 50)
    ]
    return np.mean(layers, axis=0).astype(np.uint8)


WORLD = texture()


def view(x=200.0, y=130.0, turn_deg=0.0, zoom=1.0):
    """What a camera sees whose middle is at a place of the world."""
    matrix = cv2.getRotationMatrix2D((0, 0), turn_deg, 1 / zoom)
    middle = np.array([WIDTH / 2 - 0.5, HEIGHT / 2 - 0.5])
    matrix[:, 2] = np.array([x + WIDTH / 2, y + HEIGHT / 2]) - matrix[:, :2] @ middle
    return cv2.warpAffine(WORLD, matrix, (WIDTH, HEIGHT), flags=cv2.WARP_INVERSE_MAP), matrix


def slots(*frames):
    return [Slot(frame, k) for k, frame in enumerate(frames)]


def places():
    """Some places of a picture: -1 to 1, and the same in pixels."""
    x, y = (grid.ravel() for grid in np.meshgrid([-0.8, -0.1, 0.7], [-0.7, 0.0, 0.6]))
    return np.stack([x, y, np.ones(9)]), np.stack(
        [(x + 1) * WIDTH / 2 - 0.5, (y + 1) * HEIGHT / 2 - 0.5]
    )


@pytest.mark.parametrize(
    "step",
    [
        {"x": 3.0, "y": -1.0},
        {"x": 0.0, "y": 0.4},
        {"x": -25.0, "y": 9.0},
        {"turn_deg": 1.5},
        {"zoom": 1.04, "x": 2.0},
    ],
    ids=str,
)
def test_places_go_back_to_where_they_were(step):
    """Over three frames of a steady motion, to half a pixel of the network's input."""
    seen = []
    for k in range(3):
        move = {name: value * k for name, value in step.items() if name in ("x", "y")}
        seen.append(
            view(
                200 + move.get("x", 0),
                130 + move.get("y", 0),
                step.get("turn_deg", 0.0) * k,
                step.get("zoom", 1.0) ** k,
            )
        )
    motion = CameraMotion().of_window(slots(*(frame for frame, _ in seen)))
    assert motion.shape == (2, 2, 3) and motion.dtype == np.float32
    unit, pixels = places()
    world = seen[2][1][:, :2] @ pixels + seen[2][1][:, 2:]
    for matrix, (_, to_world) in zip(motion, seen, strict=False):
        was = (matrix @ unit + 1) * np.array([[WIDTH / 2], [HEIGHT / 2]]) - 0.5
        expected = np.linalg.solve(to_world[:, :2], world - to_world[:, 2:])
        assert np.abs(was - expected).max() < 0.5 + 0.01 * abs(step.get("x", 0))


def test_a_camera_that_stands_has_none():
    frame = view()[0]
    noisy = np.clip(frame + np.random.default_rng(1).normal(0, 2, frame.shape), 0, 255)
    assert (
        CameraMotion().of_window(slots(frame, frame, frame.copy(), noisy.astype(np.uint8))) is None
    )


def test_what_moves_by_itself_is_not_the_camera():
    """A quarter of the picture moves before a world that stands, or that the camera pans over."""
    for pan in (0.0, 4.0):
        frames = []
        for k in range(2):
            frame = view(200 + pan * k)[0].copy()
            left = 60 + 7 * k
            frame[30:190, left : left + 130] = texture(5)[30:190, 60:190]
            frames.append(frame)
        motion = CameraMotion().of_window(slots(*frames))
        if pan:
            np.testing.assert_allclose(motion[0][:, 2] * WIDTH / 2, [pan, 0], atol=0.4)
        else:
            assert motion is None


def test_one_thing_before_a_plain_wall_is_not_the_world():
    frames = []
    for k in range(2):
        frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        frame[60:160, 150 + 6 * k : 250 + 6 * k] = texture(3)[60:160, 150:250]
        frames.append(frame)
    assert CameraMotion().of_window(slots(*frames)) is None


def test_a_cut_and_a_picture_without_corners_count_as_standing():
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    other = cv2.resize(texture(9), (WIDTH, HEIGHT))
    assert CameraMotion().of_window(slots(view()[0], other, black, black + 200)) is None


def test_a_slot_that_repeats_a_frame_repeats_its_motion():
    first, second, third = view(200)[0], view(205)[0], view(210)[0]
    motion = CameraMotion().of_window(slots(first, second, second, third))
    shifts = motion[:, 0, 2] * WIDTH / 2
    np.testing.assert_allclose(shifts, [10, 5, 5], atol=0.4)


def test_each_pair_of_frames_is_looked_at_once(monkeypatch):
    looked = []
    real = camera_motion._moved
    monkeypatch.setattr(
        camera_motion, "_moved", lambda before, after: looked.append(1) or real(before, after)
    )
    camera = CameraMotion()
    row = slots(*(view(200 + 3 * k)[0] for k in range(8)))
    for k in range(5):
        camera.of_window(row[k : k + 4])
    assert len(looked) == 7
    replaced = [*row[4:7], Slot(view(230)[0], 9)]  # a newer frame for the newest slot
    motion = camera.of_window(replaced)
    assert len(looked) == 8
    np.testing.assert_allclose(motion[:, 0, 2] * WIDTH / 2, [18, 15, 12], atol=0.5)
