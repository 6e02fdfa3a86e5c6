# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Images that lie, are cut off or are bombs, over real DDS: a fault a test; see docs/faults.md."""

import resource
import zlib
from typing import Any

import pytest
from geometry_msgs.msg import PointStamped
from node_bench import Bench, spot
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from vinet_ros.ros.messages import fill_compressed, fill_image, ns_to_stamp, stamp_to_ns

BAD = 3
"""Bad images among good ones: so many must be missing afterwards, not one more."""


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ({"width": 0, "height": 0}, "an image has at least one pixel, got 0x0; check the camera"),
        ({"height": 0}, "at least one pixel, got 640x0"),
        ({"step": 10}, "step of 640 rgb8 pixels is at least 1920 bytes, got 10; the driver's"),
        ({"step": 4_000_000_000}, "got 921600; the driver's height, step or data is wrong"),
        (
            {"height": 481},
            "data of 481 rows with step 1920 is 923520 bytes in rgb8, got 921600; the",
        ),
        ({"height": 4_000_000_000}, "at most 67108864 pixels, got 640x4000000000; lower the"),
        (
            {"data": b"\0" * 1000},
            "is 921600 bytes in rgb8, got 1000; the driver's height, step or data",
        ),
        (
            {"data": b""},
            "is 921600 bytes in rgb8, got 0; the driver's height, step or data is wrong",
        ),
        ({"encoding": "jpeg"}, "subscribe with image_transport:=compressed"),
        ({"encoding": "bayer_rggb17"}, "encoding 'bayer_rggb17' is not one of rgb8, bgr8"),
        ({"encoding": "x" * 100_000}, "is not one of rgb8, bgr8"),
        ({"encoding": ""}, "encoding '' is not one of rgb8, bgr8"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_an_image_that_lies(bench: Bench, lie: dict[str, Any], words: str) -> None:
    bench.active(max_gap_s=10.0)
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    bad = [bench.send(spot(), **lie) for _ in range(BAD)]
    bench.spin_until(lambda: bench.count("input", "unusable_images") == BAD)
    assert bench.says("input", words, level=1), bench.status("input").message
    assert len(bench.status("input").message) < 1000
    bench.fresh(pixels)
    assert not {*bad} & {stamp_to_ns(pixel.header.stamp) for pixel in pixels}
    assert bench.settled_cost() == BAD
    assert bench.value("window", "gaps") == bench.value("window", "size_changes") == "0"


def png_of(width: int, height: int) -> bytes:
    """Return a whole PNG that announces a size and holds ten kilobytes of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    parts = (
        (b"IHDR", size + b"\x08\x02\0\0\0"),
        (b"IDAT", zlib.compress(bytes(10_000))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def jpeg_of(width: int, height: int) -> bytes:
    """Return a whole JPEG of 640x480 that announces another size."""
    from sensor_msgs.msg import CompressedImage

    message = CompressedImage()
    fill_compressed(message, spot())
    content = bytearray(message.data)
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("send", "words"),
    [
        ({"keep": 0.5}, "is cut off before its end; check the camera driver or the link"),
        ({"content": png_of(60_000, 60_000)}, "at most 67108864 pixels, got 60000x60000; lower"),
        ({"content": jpeg_of(65_500, 65_500)}, "at most 67108864 pixels, got 65500x65500; lower"),
        ({"content": png_of(0, 10)}, "an image has at least one pixel, got 0x10"),
        ({"content": b"GIF89a" * 20}, "begins with a JPEG or PNG header, got b'GIF89aGI'"),
        ({"content": b""}, "begins with a JPEG or PNG header, got b'' in 0 bytes"),
    ],
    ids=["truncated", "png-bomb", "jpeg-bomb", "no-pixels", "another-format", "empty"],
)
def test_a_compressed_image_that_is_truncated_or_a_bomb(bench: Bench, send, words) -> None:
    bench.active(image_transport="compressed")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.show(lambda: pixels, send=bench.send_compressed)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bad = [bench.send_compressed(spot(), **send) for _ in range(BAD)]
    bench.spin_until(lambda: bench.count("input", "unusable_images") == BAD)
    assert bench.says("input", words, level=1), bench.status("input").message
    pixels.clear()
    sent = bench.show(lambda: pixels, send=bench.send_compressed)
    assert stamp_to_ns(pixels[-1].header.stamp) in sent
    assert stamp_to_ns(pixels[-1].header.stamp) not in bad
    assert bench.settled_cost() == BAD
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < 100 * 1024  # the bombs would be ten gigabytes


def test_a_message_with_broken_text(bench: Bench) -> None:
    """Bytes that are no UTF-8 in the names: the image is used where only its frame is affected."""
    bench.active()
    pixels = bench.listen(PointStamped, "gaze/pixel")
    bench.fresh(pixels)
    image = Image()
    fill_image(image, spot(), "rgb8")
    image.header.frame_id = "camera"
    stamp_ns = bench.now_ns()
    image.header.stamp = ns_to_stamp(stamp_ns)
    content = bytes(serialize_message(image))
    bench.publisher().publish(content.replace(b"camera", b"c\xff\xfe\xfara"))
    bench.spin_until(lambda: stamp_to_ns(pixels[-1].header.stamp) == stamp_ns)
    assert pixels[-1].header.frame_id.startswith("c") and pixels[-1].header.frame_id.endswith("ra")
    for _ in range(BAD):
        image.header.stamp = ns_to_stamp(bench.now_ns())
        broken = bytes(serialize_message(image)).replace(b"rgb8", b"rg\xff8")
        bench.publisher().publish(broken)
    bench.publisher().publish(b"\0\1\0\0 this is no message at all")
    bench.spin_until(lambda: bench.count("input", "unusable_images") == BAD)
    bench.fresh(pixels)
    assert bench.cost() == BAD
