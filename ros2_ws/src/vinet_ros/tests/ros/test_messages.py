import math
import subprocess
import sys
import zlib
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from vinet_ros.errors import FrameError
from vinet_ros.gaze import PinholeCamera
from vinet_ros.ros.encodings import ENCODINGS, MAX_PIXELS
from vinet_ros.ros.messages import (
    camera_info_to_camera,
    compressed_to_rgb,
    describe_camera,
    fill_compressed,
    fill_image,
    image_to_rgb,
    ns_to_stamp,
    scale_camera_info,
    stamp_to_ns,
)
from vinet_ros.ros.qos import output_qos, sensor_qos

unhurried = settings(deadline=None)  # the machine may be busy

COLORS = np.array([[200, 100, 50], [30, 60, 220]], np.uint8)
HEIGHT, WIDTH = 24, 32


def two_colors():
    """The left half in one colour, the right half in another."""
    rgb = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:, : WIDTH // 2], rgb[:, WIDTH // 2 :] = COLORS
    return rgb


def luma_chroma(rgb):
    """Y, Cb, Cr of BT.601 in studio range, by its definition."""
    r, g, b = (rgb[..., i].astype(float) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    planes = (16 + y * 219 / 255, 128 + (b - y) * 112 / 226, 128 + (r - y) * 112 / 178.8)
    return [np.rint(plane).astype(np.uint8) for plane in planes]


def mosaic(rgb, pattern):
    raw = np.empty(rgb.shape[:2], rgb.dtype)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        raw[row::2, column::2] = rgb[row::2, column::2, "rgb".index(letter)]
    return raw


def packed_yuv(rgb, order):
    y, u, v = luma_chroma(rgb)
    places = {"y": y[:, 0::2], "u": u[:, 0::2], "v": v[:, 0::2], "Y": y[:, 1::2]}
    return np.stack([places[letter] for letter in order], axis=-1).reshape(len(rgb), -1)


def semi_planar(rgb, order):
    y, u, v = luma_chroma(rgb)
    chroma = {"u": u[::2, ::2], "v": v[::2, ::2]}
    return np.vstack((y, np.stack([chroma[x] for x in order], axis=-1).reshape(-1, WIDTH)))


def wide(values):
    return (values.astype(np.uint32) * 257).astype(np.uint16)


def with_alpha(rgb):
    return np.dstack((rgb, np.full(rgb.shape[:2], 7, np.uint8)))


def grey(rgb):
    return rgb[..., 1]


ENCODERS = {
    "rgb8": lambda rgb: rgb,
    "bgr8": lambda rgb: rgb[..., ::-1],
    "rgba8": with_alpha,
    "bgra8": lambda rgb: with_alpha(rgb[..., ::-1]),
    "rgb16": wide,
    "bgr16": lambda rgb: wide(rgb[..., ::-1]),
    "mono8": grey,
    "8UC1": grey,
    "mono16": lambda rgb: wide(grey(rgb)),
    "16UC1": lambda rgb: 1000 + 10 * grey(rgb).astype(np.uint16),
    "yuv422": lambda rgb: packed_yuv(rgb, "uyvY"),
    "uyvy": lambda rgb: packed_yuv(rgb, "uyvY"),
    "yuv422_yuy2": lambda rgb: packed_yuv(rgb, "yuYv"),
    "yuyv": lambda rgb: packed_yuv(rgb, "yuYv"),
    "nv12": lambda rgb: semi_planar(rgb, "uv"),
    "nv21": lambda rgb: semi_planar(rgb, "vu"),
}
for _pattern in ("rggb", "bggr", "gbrg", "grbg"):
    ENCODERS[f"bayer_{_pattern}8"] = lambda rgb, pattern=_pattern: mosaic(rgb, pattern)
    ENCODERS[f"bayer_{_pattern}16"] = lambda rgb, pattern=_pattern: mosaic(wide(rgb), pattern)


def message(encoding, rows, *, padding=0, bigendian=False):
    """A raw image without ROS; rows is what the camera's memory holds."""
    flat = np.ascontiguousarray(rows).astype(rows.dtype.newbyteorder(">" if bigendian else "<"))
    raw = flat.reshape(len(rows), -1).view(np.uint8)
    padded = np.pad(raw, ((0, 0), (0, padding)), constant_values=99)
    return SimpleNamespace(
        encoding=encoding,
        height=HEIGHT,
        width=WIDTH,
        step=padded.shape[1],
        is_bigendian=int(bigendian),
        data=padded.tobytes(),
    )


def test_every_encoding_has_its_test():
    assert set(ENCODERS) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("padding", [0, 3, 64])
@pytest.mark.parametrize("bigendian", [False, True])
def test_both_colours_come_back(encoding, padding, bigendian):
    rgb = two_colors()
    got = image_to_rgb(
        message(encoding, ENCODERS[encoding](rgb), padding=padding, bigendian=bigendian)
    )
    assert got.shape == (HEIGHT, WIDTH, 3)
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous or encoding == "rgb8"
    if encoding == "16UC1":  # no range is agreed on: stretched to its own
        expected = [[255] * 3, [0] * 3]
    elif encoding in ("mono8", "8UC1", "mono16"):
        expected = COLORS[:, [1, 1, 1]]
    else:
        expected = COLORS
    inner = got[4:-4]
    np.testing.assert_allclose(inner[:, 4:12], np.broadcast_to(expected[0], (16, 8, 3)), atol=2)
    np.testing.assert_allclose(inner[:, 20:28], np.broadcast_to(expected[1], (16, 8, 3)), atol=2)


def test_rgb8_is_a_view_into_the_message():
    msg = Image()
    fill_image(msg, two_colors(), "rgb8")
    rgb = image_to_rgb(msg)
    msg.data[0] = 77
    assert rgb[0, 0, 0] == 77


def test_other_encodings_do_not_touch_the_message():
    msg = message("bgr8", two_colors())
    image_to_rgb(msg)[:] = 0
    assert msg.data == two_colors().tobytes()


LIES = {
    "zero width": {"width": 0},
    "zero height": {"height": 0},
    "negative width": {"width": -4},
    "step too small": {"step": WIDTH * 3 - 1},
    "step zero": {"step": 0},
    "step too large": {"step": WIDTH * 3 + 1},
    "step huge": {"step": 2**32 - 1},
    "height too large": {"height": HEIGHT + 1},
    "height too small": {"height": HEIGHT - 1},
    "width too large": {"width": WIDTH + 1},
    "more pixels than any camera": {"width": 2**31, "height": 2**31, "step": 2**32 - 1},
    "no data": {"data": b""},
    "a byte missing": {"data": two_colors().tobytes()[:-1]},
    "a byte too many": {"data": two_colors().tobytes() + b"x"},
    "data of another type": {"data": [1, 2, 3]},
    "data as text": {"data": "pixels"},
    "unknown encoding": {"encoding": "rgb9"},
    "no encoding": {"encoding": ""},
    "a file's encoding": {"encoding": "jpeg"},
    "a feature map": {"encoding": "32FC1"},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_message_that_lies_is_refused(lie):
    msg = message("rgb8", two_colors())
    image_to_rgb(msg)
    for field, value in LIES[lie].items():
        setattr(msg, field, value)
    with pytest.raises(FrameError, match=r".+, got |not one of"):
        image_to_rgb(msg)


def test_an_error_says_what_to_do():
    msg = message("rgb8", two_colors())
    msg.encoding = "jpeg"
    with pytest.raises(FrameError, match="image_transport:=compressed"):
        image_to_rgb(msg)


@pytest.mark.parametrize(
    ("encoding", "width", "height"),
    [
        ("uyvy", 3, 2),
        ("nv12", 3, 2),
        ("nv21", 2, 3),
        ("bayer_rggb8", 3, 2),
        ("bayer_grbg16", 2, 1),
    ],
)
def test_sizes_that_an_encoding_cannot_have_are_refused(encoding, width, height):
    msg = SimpleNamespace(
        encoding=encoding, width=width, height=height, step=8, is_bigendian=0, data=b"\0" * 64
    )
    with pytest.raises(FrameError, match="multiples of"):
        image_to_rgb(msg)


numbers = st.one_of(st.integers(-2, 70), st.integers(0, 2**32 - 1))


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_wild_messages_give_a_picture_or_a_frame_error(data):
    encoding = data.draw(st.one_of(st.sampled_from(ENCODINGS), st.text(max_size=12)))
    width, height, step = (data.draw(numbers) for _ in range(3))
    honest = data.draw(st.booleans())
    size = data.draw(st.integers(0, 40_000))
    if honest and 0 <= step * height <= 40_000:
        size = step * height * 3 // 2 if encoding.startswith("nv") else step * height
    msg = SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=data.draw(st.integers(0, 255)),
        data=bytes(size),
    )
    try:
        rgb = image_to_rgb(msg)
    except FrameError:
        return
    assert rgb.shape == (height, width, 3)
    assert rgb.dtype == np.uint8
    assert rgb.max() == 0 or encoding not in ("rgb8", "bgr8", "mono8")  # nothing beyond the data


@unhurried
@given(
    st.sampled_from(ENCODINGS),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(0, 9),
    st.booleans(),
)
def test_every_small_size_is_converted(encoding, half_width, half_height, padding, bigendian):
    width, height = 2 * half_width, 2 * half_height
    rows = ENCODERS[encoding](np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    row_bytes = rows[0].nbytes // WIDTH * width
    step = row_bytes + padding
    draw = np.random.default_rng(width * height + padding)
    msg = SimpleNamespace(
        encoding=encoding,
        width=width,
        height=height,
        step=step,
        is_bigendian=int(bigendian),
        data=draw.bytes(step * height * len(rows) // HEIGHT),
    )
    assert image_to_rgb(msg).shape == (height, width, 3)


def smooth():
    rows, columns = np.mgrid[:60, :80]
    return np.stack((rows * 3, columns * 2, 255 - rows - columns), axis=-1).astype(np.uint8)


def encoded(suffix, rgb=None):
    rgb = smooth() if rgb is None else rgb
    return cv2.imencode(suffix, rgb[..., ::-1] if rgb.ndim == 3 else rgb)[1].tobytes()


def compressed(content):
    return SimpleNamespace(format="whatever", data=content)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".png", 0), (".jpg", 12)])
def test_a_compressed_picture_comes_back(suffix, tolerance):
    rgb = compressed_to_rgb(compressed(encoded(suffix)))
    np.testing.assert_allclose(rgb.astype(int), smooth().astype(int), atol=tolerance)


def test_a_grey_and_a_16_bit_png_become_rgb():
    grey8 = smooth()[..., 0]
    for picture in (grey8, wide(grey8)):
        rgb = compressed_to_rgb(compressed(encoded(".png", picture)))
        np.testing.assert_allclose(rgb, np.dstack([grey8] * 3), atol=1)


def test_an_orientation_tag_is_ignored():
    content = encoded(".jpg")
    tag = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(tag) + 2).to_bytes(2, "big") + tag
    turned = content[:2] + segment + content[2:]
    assert cv2.imdecode(np.frombuffer(turned, np.uint8), cv2.IMREAD_COLOR).shape == (80, 60, 3)
    assert compressed_to_rgb(compressed(turned)).shape == (60, 80, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_every_truncation_is_refused(suffix):
    content = encoded(suffix)
    end = len(content) - (4 if suffix == ".png" else 0)  # a PNG's last four bytes are a checksum
    for length in {*range(0, end, 37), *range(end - 30, end)}:
        with pytest.raises(FrameError):
            compressed_to_rgb(compressed(content[:length]))


def test_bytes_after_the_end_do_no_harm():
    assert compressed_to_rgb(compressed(encoded(".jpg") + b"\0" * 512)).shape == (60, 80, 3)


def png_of(width, height):
    def chunk(kind, data):
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", size + b"\x08\x02\0\0\0"), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    )


def jpeg_of(width, height):
    content = bytearray(encoded(".jpg"))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


@pytest.mark.parametrize("content", [png_of(60_000, 60_000), jpeg_of(65_500, 65_500)])
def test_a_decompression_bomb_is_refused_by_its_header(content):
    with pytest.raises(FrameError, match=f"at most {MAX_PIXELS} pixels"):
        compressed_to_rgb(compressed(content))


@pytest.mark.parametrize("content", [png_of(0, 10), jpeg_of(0, 10), jpeg_of(10, 0)])
def test_a_compressed_picture_without_pixels_is_refused(content):
    with pytest.raises(FrameError):
        compressed_to_rgb(compressed(content))


@pytest.mark.parametrize("content", [b"", b"GIF89a" * 20, b"\0" * 12 + encoded(".png")])
def test_another_format_is_refused(content):
    with pytest.raises(FrameError, match="begins with a JPEG or PNG header"):
        compressed_to_rgb(compressed(content))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([encoded(".png"), encoded(".jpg")]), st.data())
def test_damaged_files_give_a_picture_or_a_frame_error(content, data):
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        rgb = compressed_to_rgb(compressed(bytes(damaged)))
    except FrameError:
        return
    assert rgb.ndim == 3
    assert rgb.dtype == np.uint8


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype"),
    [
        ("rgb8", (5, 7, 3), np.uint8),
        ("bgr8", (5, 7, 3), np.uint8),
        ("mono8", (5, 7), np.uint8),
        ("mono16", (5, 7), np.uint16),
        ("32FC1", (5, 7), np.float32),
    ],
)
def test_a_filled_image_holds_the_array(encoding, shape, dtype):
    pixels = np.random.default_rng(0).integers(0, 200, (9, *shape[1:])).astype(dtype)[::2]
    msg, header = Image(), Image().header
    header.frame_id = "camera"
    fill_image(msg, pixels, encoding, header)
    assert (msg.height, msg.width, msg.encoding) == (5, 7, encoding)
    assert msg.header.frame_id == "camera"
    assert msg.step == 7 * pixels[0, 0].nbytes
    np.testing.assert_array_equal(np.frombuffer(msg.data, dtype).reshape(shape), pixels)


@pytest.mark.parametrize(
    ("encoding", "shape", "dtype"),
    [
        ("rgb8", (5, 7), np.uint8),
        ("rgb8", (5, 7, 4), np.uint8),
        ("mono8", (5, 7, 3), np.uint8),
        ("32FC1", (5, 7), np.float64),
        ("rgb9", (5, 7, 3), np.uint8),
    ],
)
def test_an_array_that_does_not_fit_is_refused(encoding, shape, dtype):
    with pytest.raises(ValueError, match="got"):
        fill_image(Image(), np.zeros(shape, dtype), encoding)


def test_a_filled_jpeg_comes_back():
    msg = CompressedImage()
    fill_compressed(msg, smooth(), Image().header, quality=95)
    assert msg.format == "bgr8; jpeg compressed bgr8"
    np.testing.assert_allclose(compressed_to_rgb(msg).astype(int), smooth().astype(int), atol=12)


@given(st.integers(-(2**31) * 10**9, 2**31 * 10**9 - 1))
def test_a_stamp_comes_back(stamp_ns):
    assert stamp_to_ns(ns_to_stamp(stamp_ns)) == stamp_ns


def test_a_stamp_beyond_its_field_is_refused():
    with pytest.raises(ValueError, match=r"2\*\*31"):
        ns_to_stamp(2**31 * 10**9)


CAMERA = PinholeCamera(640, 480, 500, 510, 322.5, 236.25, "plumb_bob", (0.1, 0.01, 0, 0, 0))


def info_of(camera=CAMERA, **fields):
    info = CameraInfo()
    describe_camera(info, camera)
    for name, value in fields.items():
        setattr(info, name, value)
    return info


def test_a_camera_comes_back():
    assert camera_info_to_camera(info_of()) == CAMERA
    assert camera_info_to_camera(info_of(), (480, 640)) == CAMERA


def test_no_calibration_is_none():
    assert camera_info_to_camera(CameraInfo()) is None
    assert camera_info_to_camera(info_of(k=[1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0])) is None


def test_a_resized_image_gets_a_scaled_camera():
    assert camera_info_to_camera(info_of(), (240, 320)) == CAMERA.scaled(320, 240)


def test_region_and_binning_are_applied():
    info = info_of(binning_x=2, binning_y=2)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 50, 400, 300
    expected = CAMERA.cropped(100, 50, 400, 300).scaled(200, 150)
    assert camera_info_to_camera(info) == expected
    assert camera_info_to_camera(info, (150, 200)) == expected
    scaled = scale_camera_info(info, 200, 150)
    assert camera_info_to_camera(scaled) == expected


def test_the_calibration_of_another_stream_is_refused():
    with pytest.raises(FrameError, match="another aspect ratio"):
        camera_info_to_camera(info_of(), (720, 1280))


@pytest.mark.parametrize(
    "fields",
    [
        {"k": [math.nan] + [0.0] * 8},
        {"k": [500.0, 0, 320, 0, math.inf, 240, 0, 0, 1]},
        {"k": [500.0, 0, 320, 0, -500.0, 240, 0, 0, 1]},
        {"d": [math.nan]},
        {"d": [0.1] * 9},
        {"distortion_model": "thin_prism"},
        {"width": 0},
    ],
)
def test_a_broken_calibration_is_refused(fields):
    with pytest.raises(FrameError, match="calibrate the camera anew"):
        camera_info_to_camera(info_of(**fields))


def test_a_scaled_camera_info_is_that_of_the_scaled_camera():
    info = info_of()
    info.header.frame_id = "camera"
    scaled = scale_camera_info(info, 384, 224)
    assert camera_info_to_camera(scaled) == CAMERA.scaled(384, 224)
    assert scaled.header.frame_id == "camera"
    assert scaled.p[0] == scaled.k[0]
    assert scaled.p[6] == scaled.k[5]
    assert list(info.k) == list(info_of().k)


def test_an_uncalibrated_camera_info_stays_so():
    info = CameraInfo(width=640, height=480)
    scaled = scale_camera_info(info, 384, 224)
    assert (scaled.width, scaled.height) == (384, 224)
    assert not scaled.k.any()
    assert not scaled.p.any()


def test_image_conversion_runs_without_ros():
    code = (
        "import sys, vinet_ros.ros.messages; "
        "print([m for m in sys.modules if m.split('.')[0] in ('rclpy', 'sensor_msgs')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_qualities_of_service():
    assert sensor_qos().reliability.name == "BEST_EFFORT"
    assert (sensor_qos().depth, sensor_qos("reliable", 9).depth) == (5, 9)
    assert (output_qos().reliability.name, output_qos().depth) == ("RELIABLE", 1)
    with pytest.raises(ValueError, match="best_effort, reliable"):
        sensor_qos("fast")
    with pytest.raises(ValueError, match="depth"):
        sensor_qos("reliable", 0)
