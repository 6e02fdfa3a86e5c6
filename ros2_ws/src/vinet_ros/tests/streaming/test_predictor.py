# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A stream of frames gives what the whole clip gives, whoever pushes and whoever predicts."""

import copy
import threading

import cv2
import numpy as np
import pytest
import torch
from window_reader import WindowReader, slot_values

from vinet_ros.errors import FrameError, VinetError, WeightsError
from vinet_ros.networks import create_model
from vinet_ros.networks.weights import WeightsCard, save_weights
from vinet_ros.preprocess import normalize_frames, resize_rgb
from vinet_ros.runtime import SharedNetworks, create_executor
from vinet_ros.runtime.benchmark_paths import drifting_noise, seed_weights
from vinet_ros.runtime.torch_executor import TorchExecutor
from vinet_ros.streaming import SKIPPED_SLOTS, Predictor, PushKind
from vinet_ros.streaming.camera_motion import CameraMotion
from vinet_ros.streaming.frame_window import RestartReason, Slot

S = 1_000_000_000
STEP = S // 10  # the reader's rate


def gray(value, size=(8, 16)):
    return np.full((*size, 3), value, np.uint8)


def reader(**options):
    return Predictor(WindowReader(), path="torch", **options)


class CountingExecutor(TorchExecutor):
    """The real thing, and a note of each frame that it encoded."""

    def __init__(self, model):
        super().__init__(model)
        self.encoded = []

    def encode(self, frame):
        self.encoded.append(int(frame[0, 0, 0]))
        return super().encode(frame)


def counting(**options):
    executor = CountingExecutor(WindowReader())
    return Predictor(WindowReader(), executor=executor, **options), executor.encoded


@pytest.mark.parametrize("path", ["torch", "openvino"])
@pytest.mark.parametrize(
    ("name", "options", "every"),
    [
        ("vinet_lite", {}, 1),
        ("vinet_lite", {"clip_length": 4}, 3),
        ("vinet", {"clip_length": 8}, 5),
    ],
)
def test_a_stream_equals_the_whole_clip(name, options, every, path):
    torch.manual_seed(0)
    model = seed_weights(create_model(name, **options), seed=3).eval()
    model.input_size = (64, 96)
    length = model.clip_length
    camera = drifting_noise((1, length + 3, 96, 128, 3), seed=5)[0]
    frames = np.stack([resize_rgb(frame, (64, 96)) for frame in camera])
    expected = {}
    for k in range(0, len(camera), every):
        # The first slots repeat the first frame, as the paper says.
        clip = frames[[max(0, k - length + 1 + t) for t in range(length)]]
        with torch.inference_mode():
            expected[k] = model(torch.from_numpy(normalize_frames(clip))[None])[0].numpy()
    predictor = Predictor(model, path=path, window_rate_hz=15, threads=1)
    for k, frame in enumerate(camera):
        predictor.push_frame(frame, round(k * S / 15))
        if k in expected:
            saliency = predictor.predict()
            assert saliency.stamp_ns == round(k * S / 15)
            np.testing.assert_allclose(saliency.values, expected[k], atol=1e-5)


@pytest.mark.parametrize("path", ["torch", "openvino"])
def test_the_cameras_motion_is_taken_off_the_window(path):
    torch.manual_seed(0)
    model = seed_weights(create_model("vinet_lite", clip_length=4), seed=3).eval()
    model.input_size = (96, 128)
    world = np.random.default_rng(0).integers(0, 256, (12, 24, 3), dtype=np.uint8)
    world = cv2.resize(world, (256, 128), interpolation=cv2.INTER_CUBIC)
    frames = [world[k : 96 + k, 4 * k : 128 + 4 * k] for k in range(4)]
    steadied, plain = (
        Predictor(copy.deepcopy(model), path=path, window_rate_hz=15, threads=1, stabilize=on)
        for on in (True, False)
    )
    for k, frame in enumerate(frames):
        for predictor in (steadied, plain):
            predictor.push_frame(frame, round(k * S / 15))
    moments = [Slot(frame, k) for k, frame in enumerate(frames)]
    motion = torch.from_numpy(CameraMotion().of_window(moments))[None]
    pixels = torch.from_numpy(normalize_frames(np.stack(frames)))  # (3, T, H, W)
    with torch.inference_mode():
        kept = [level[None] for level in model.encode(pixels.transpose(0, 1))]
        expected = model.decode(tuple(kept), motion)[0].numpy()
        unsteadied = model.decode(tuple(kept))[0].numpy()
    assert np.abs(expected - unsteadied).max() > 1e-3
    np.testing.assert_allclose(steadied.predict().values, expected, atol=1e-5)
    np.testing.assert_allclose(plain.predict().values, unsteadied, atol=1e-5)
    assert (steadied.stabilization, plain.stabilization) == ("on", "off")
    assert reader(stabilize=True).stabilization == "not with this network"


def test_named_model_uses_the_rate_of_its_card(tmp_path):
    model = create_model("vinet_lite", clip_length=2)
    card = WeightsCard("vinet_lite", 2, (224, 384), 12.5, options={"clip_length": 2})
    save_weights(tmp_path / "w.safetensors", model, card)
    predictor = Predictor("vinet_lite", tmp_path / "w.safetensors", path="torch")
    assert predictor.window_rate_hz == 12.5
    assert predictor.card.model == predictor.model_name == "vinet_lite"
    assert predictor.executor.clip_length == 2


def test_missing_weights_are_an_error(tmp_path):
    with pytest.raises(WeightsError, match="nowhere"):
        Predictor("vinet_lite", tmp_path / "nowhere.safetensors")


def test_no_window_no_map():
    predictor = reader(warmup="wait")
    for k in range(3):
        assert predictor.predict() is None
        assert predictor.window_fill == k / 4
        predictor.push_frame(gray(k), k * STEP)
    predictor.push_frame(gray(3), 3 * STEP)
    assert slot_values(predictor.predict().values) == [0, 1, 2, 3]
    assert predictor.newest_stamp_ns == 3 * STEP


def test_reset_starts_over():
    predictor = reader()
    predictor.push_frame(gray(1), 5 * S)
    predictor.reset()
    assert predictor.predict() is None
    predictor.push_frame(gray(9), 0)
    assert slot_values(predictor.predict().values) == [9] * 4
    assert predictor.counters.resets == 1
    assert predictor.counters.jumps_back == 0


def test_each_frame_is_encoded_once():
    predictor, encoded = counting()
    for k in range(6):
        predictor.push_frame(gray(k), k * STEP)
        predictor.predict()
        predictor.predict()
    assert encoded == [0, 1, 2, 3, 4, 5]


def test_frames_nobody_predicts_on_are_never_encoded():
    predictor, encoded = counting()
    for k in range(20):
        predictor.push_frame(gray(k), k * STEP)
    predictor.predict()
    assert encoded == [16, 17, 18, 19]


def test_a_replaced_frame_is_never_encoded_unless_it_was_predicted_on():
    predictor, encoded = counting(window_rate_hz=10)
    for k in range(13):  # four times the rate
        predictor.push_frame(gray(k), k * STEP // 4)
    assert slot_values(predictor.predict().values) == [1, 5, 9, 12]
    assert encoded == [1, 5, 9, 12]


def test_skipped_slots_can_repeat_what_is_encoded():
    predictor, encoded = counting(window_rate_hz=10, skipped_slots="repeat")
    seen = []
    for k in range(12):
        predictor.push_frame(gray(k), k * STEP)
        if k in (0, 1, 4, 5, 11):
            seen.append(slot_values(predictor.predict().values))
    # 2 and 3 came while it was away, so they are as if the camera had not sent them.
    assert seen == [[0] * 4, [0, 0, 0, 1], [1, 1, 1, 4], [1, 1, 4, 5], [11] * 4]
    assert encoded == [0, 1, 4, 5, 11]
    with pytest.raises(ValueError, match="one of encode, auto, repeat, got 'no'"):
        reader(skipped_slots="no")


def test_auto_encodes_one_of_the_skipped_slots_where_that_is_rare():
    predictor, encoded = counting(window_rate_hz=10, skipped_slots="auto")
    seen = []
    for k in range(16):
        predictor.push_frame(gray(k), k * STEP)
        if k in (0, 1, 3, 5, 6, 9, 14, 15):
            seen.append(slot_values(predictor.predict().values))
    # Who misses one slot now and then sees what the exact one sees.
    assert seen[:3] == [[0] * 4, [0, 0, 0, 1], [0, 1, 2, 3]]
    # Who misses one each time, or several, sees a slower camera.
    assert seen[3:] == [[2, 3, 3, 5], [3, 3, 5, 6], [6, 6, 8, 9], [14] * 4, [14, 14, 14, 15]]
    assert encoded == [0, 1, 2, 3, 5, 6, 8, 9, 14, 15]


@pytest.mark.parametrize("how", ["auto", "repeat"])
def test_a_prediction_never_costs_more_than_that(how):
    predictor, encoded = counting(window_rate_hz=10, skipped_slots=how)
    most = {"auto": 2, "repeat": 1}[how]
    generator = np.random.default_rng(0)
    for k in range(200):
        predictor.push_frame(gray(k), k * STEP)
        if generator.random() < 0.4:
            before = len(encoded)
            assert slot_values(predictor.predict().values)[-1] == k
            assert len(encoded) - before <= most


@pytest.mark.parametrize("how", SKIPPED_SLOTS)
def test_a_network_that_keeps_the_frames_sees_all_of_them(how):
    # Full ViNet takes seconds on a CPU: of a window of one second, most slots are skipped.
    reader = WindowReader()
    reader.keeps_frames = True
    predictor = Predictor(reader, path="torch", window_rate_hz=10, skipped_slots=how)
    for k in range(12):
        predictor.push_frame(gray(k), k * STEP)
        if k == 1:
            predictor.predict()
    assert slot_values(predictor.predict().values) == [8, 9, 10, 11]


def test_who_follows_every_slot_sees_the_same_either_way():
    exact, *others = (reader(skipped_slots=how) for how in SKIPPED_SLOTS)
    for k in range(8):
        for predictor in (exact, *others):
            predictor.push_frame(gray(20 * k), k * STEP)
        values = exact.predict().values
        for other in others:
            np.testing.assert_array_equal(other.predict().values, values)


def test_frames_of_any_size_are_resized_on_arrival():
    predictor = reader()
    predictor.push_frame(gray(50, (480, 640)), 0)
    assert slot_values(predictor.predict().values) == [50] * 4
    result = predictor.push_frame(gray(60, (48, 64)), STEP)
    assert (result.kind, result.reason) == (PushKind.RESTARTED, RestartReason.SIZE_CHANGE)
    assert slot_values(predictor.predict().values) == [60] * 4
    assert predictor.counters.size_changes == 1


def test_the_caller_may_reuse_its_buffer():
    predictor = reader()
    buffer = gray(10)  # already at the network's size
    predictor.push_frame(buffer, 0)
    buffer[:] = 200
    assert slot_values(predictor.predict().values) == [10] * 4


def test_views_and_flips_are_frames():
    predictor = reader()
    bgr = np.zeros((8, 16, 3), np.uint8)
    bgr[..., 2] = 120
    predictor.push_frame(bgr[..., ::-1], 0)
    assert slot_values(predictor.predict().values) == [120] * 4


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((8, 16, 3), np.float32), "uint8, got .* float32"),
        (np.zeros((8, 16), np.uint8), r"got shape \(8, 16\)"),
        (np.zeros((8, 16, 4), np.uint8), r"got shape \(8, 16, 4\)"),
        (np.zeros((1, 8, 16, 3), np.uint8), "got shape"),
        (np.zeros((0, 16, 3), np.uint8), "non-empty|got shape"),
        (np.uint8(3), "got uint8"),
        ([[1]], "got list"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_frame_is_refused_and_changes_nothing(frame, message):
    predictor = reader()
    predictor.push_frame(gray(5), 0)
    with pytest.raises(FrameError, match=message):
        predictor.push_frame(frame, STEP)
    assert slot_values(predictor.predict().values) == [5] * 4
    assert predictor.counters.frames == 1


@pytest.mark.parametrize("stamp", [1.5, "0", None, True, np.float64(2)])
def test_a_stamp_is_a_whole_number(stamp):
    with pytest.raises(FrameError, match="whole number of nanoseconds"):
        reader().push_frame(gray(0), stamp)


def test_numpy_stamps_are_fine():
    predictor = reader()
    predictor.push_frame(gray(0), np.int64(7))
    assert type(predictor.predict().stamp_ns) is int


@pytest.mark.parametrize("path", ["torch", "openvino"])
@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_nan_is_an_error_and_never_a_map(path, poison):
    model = WindowReader()
    with torch.no_grad():
        model.scale.fill_(poison)
    predictor = Predictor(model, path=path)
    predictor.push_frame(gray(7), 0)
    with pytest.raises(VinetError, match="WindowReader gave NaN or infinity on"):
        predictor.predict()


def test_audio_is_refused():
    with pytest.raises(VinetError, match="takes no audio"):
        reader().push_audio(np.zeros(10, np.float32), 16000, 0)


def test_the_window_is_looked_at_when_the_turn_has_come():
    predictor = reader()
    predictor.push_frame(gray(1), 0)
    saliency = predictor.predict(lambda: predictor.push_frame(gray(2), STEP))
    assert saliency.stamp_ns == STEP
    assert slot_values(saliency.values) == [1, 1, 1, 2]


@pytest.mark.parametrize("path", ["torch", "openvino"])
@pytest.mark.parametrize("batches", [1, 4])
def test_streams_that_share_a_network_equal_streams_of_their_own(path, batches):
    torch.manual_seed(0)
    model = seed_weights(create_model("vinet_lite"), seed=3).eval()
    model.input_size = (64, 96)
    cameras = [drifting_noise((1, 12, 64, 96, 3), seed=seed)[0] for seed in (5, 6)]
    alone = [
        Predictor(copy.deepcopy(model), path=path, window_rate_hz=15, threads=1) for _ in cameras
    ]
    networks = SharedNetworks()
    together = [
        Predictor(
            "vinet_lite",
            executor=networks.share(
                "key",
                lambda: create_executor(model, "cpu", path=path, threads=1, batches=batches),
                f"camera {k}",
            ),
            window_rate_hz=15,
        )
        for k in range(len(cameras))
    ]
    maps = [{} for _ in cameras]

    def follow(k):
        for number, frame in enumerate(cameras[k]):
            together[k].push_frame(frame, round(number * S / 15))
            saliency = together[k].predict()
            maps[k][saliency.stamp_ns] = saliency.values

    threads = [threading.Thread(target=follow, args=(k,)) for k in range(len(cameras))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for k, camera in enumerate(cameras):
        for number, frame in enumerate(camera):
            stamp_ns = round(number * S / 15)
            alone[k].push_frame(frame, stamp_ns)
            np.testing.assert_allclose(
                maps[k][stamp_ns], alone[k].predict().values, rtol=0, atol=1e-5
            )
    for predictor in together:
        predictor.close()
    assert len(networks) == 0


def test_other_window_settings_begin_an_empty_window():
    predictor = reader(max_gap_s=2.0)
    predictor.push_frame(gray(1), 0)
    predictor.configure_window(rate_hz=-1)
    assert predictor.predict() is None
    assert predictor.window_rate_hz == -1
    predictor.push_frame(gray(2), 0)
    assert predictor.push_frame(gray(3), 2 * S).kind is PushKind.ADVANCED  # the gap is kept
    assert predictor.counters.frames == 3
    with pytest.raises(ValueError, match="warmup"):
        predictor.configure_window(warmup="no")
    assert predictor.window_fill == 0.5


def test_arguments_are_checked_before_the_network_is_loaded(tmp_path):
    missing = tmp_path / "none.safetensors"
    with pytest.raises(ValueError, match="warmup"):
        Predictor("vinet_lite", missing, warmup="no")
    with pytest.raises(ValueError, match="no model is named"):
        Predictor("vinet_heavy", missing)
    with pytest.raises(ValueError, match="ready network"):
        Predictor(WindowReader(), missing)


def test_a_network_without_a_rate_needs_one():
    model = WindowReader()
    model.rate_hz = 0.0
    with pytest.raises(ValueError, match="give window_rate_hz"):
        Predictor(model, path="torch")


def test_closed_is_closed():
    predictor = reader()
    predictor.push_frame(gray(1), 0)
    predictor.close()
    with pytest.raises(VinetError, match="closed"):
        predictor.predict()


def predict_until(done, predictor, failures):
    """Predict without a pause and note every window that is not four frames in a row."""
    newest = -1
    last_round = False
    while not last_round:
        last_round = done.is_set()
        saliency = predictor.predict()
        if saliency is None:
            continue
        expected = [max(0, saliency.stamp_ns - 3 + t) % 250 for t in range(4)]
        if slot_values(saliency.values) != expected or saliency.stamp_ns < newest:
            failures.append((saliency.stamp_ns, slot_values(saliency.values)))
        newest = saliency.stamp_ns


def test_no_torn_windows_under_load():
    predictor = reader(window_rate_hz=-1, max_gap_s=100)
    count = 2000
    done = threading.Event()
    failures = []
    predicting = [
        threading.Thread(target=predict_until, args=(done, predictor, failures)) for _ in range(2)
    ]
    for thread in predicting:
        thread.start()
    for k in range(count):
        predictor.push_frame(gray(k % 250), k)
    done.set()
    for thread in predicting:
        thread.join(timeout=120)
    assert not any(thread.is_alive() for thread in predicting)
    assert not failures
    assert slot_values(predictor.predict().values) == [k % 250 for k in range(count - 4, count)]
