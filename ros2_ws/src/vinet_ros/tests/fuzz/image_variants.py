# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Image messages, honest and lying, made from a string of bytes; and what must hold for each.

A fuzzer mutates the bytes. They decide everything: the same bytes make the same message.
"""

import io
import zlib
from array import array
from functools import cache
from types import SimpleNamespace

import cv2
import numpy as np
from guarded import GuardedMemory
from PIL import Image

from vinet_ros.encodings import ENCODINGS, RawImage, decode_raw, payload_bytes, row_bytes
from vinet_ros.errors import VinetError
from vinet_ros.preprocess import resize_rgb
from vinet_ros.ros.pictures import Picture, compressed_picture, image_picture

MAX_PAYLOAD = 1 << 16
_WILD = (0, -1, 1, 2, 3, 127, 255, 4096, 65535, 1 << 16, (1 << 26) + 1, 1 << 31, (1 << 32) - 1)
_LIKE_ENCODINGS = (
    "",
    "jpeg",
    "RGB8",
    "rgb8\0",
    "mono",
    "32FC1",
    "16SC1",
    "nv24",
    "8UC2",
    "8UC999",
)


class Choices:
    """Decisions read off a string of bytes; zeros once it is used up."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def below(self, count: int) -> int:
        """Return a number from 0 on, below count."""
        taken = self.take(1 if count <= 256 else 4)
        return int.from_bytes(taken, "little") % count

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        taken = self._content[self._place : self._place + count]
        self._place += count
        return taken.ljust(count, b"\0")

    def rest(self) -> bytes:
        """Return what is left."""
        return self._content[self._place :]

    def one_in(self, count: int) -> bool:
        """Decide with a chance of one in so many."""
        return self.below(count) == count - 1


class Variants:
    """Makes messages from bytes, converts them and checks what comes.

    Attributes:
        converted: Messages that gave a picture.
        refused: Messages that gave a VinetError.
    """

    def __init__(self) -> None:
        self.converted = self.refused = 0
        self._memory = GuardedMemory(MAX_PAYLOAD)
        self._files = _files()

    def run(self, content: bytes) -> None:
        """Make a message and convert it.

        Raises:
            Exception: Whatever but a VinetError, if the conversion is wrong.
        """
        choose = Choices(content)
        convert = self._raw if choose.below(2) else self._compressed
        try:
            convert(choose)
        except VinetError:
            self.refused += 1
        else:
            self.converted += 1

    def _raw(self, choose: Choices) -> None:
        msg = _header(choose)
        honest = RawImage(msg.encoding, msg.width, msg.height, msg.step, False, b"")
        size = choose.below(MAX_PAYLOAD)
        if msg.encoding in ENCODINGS and not choose.one_in(6):
            size = max(payload_bytes(honest) + choose.below(3) * (choose.one_in(8) - 1), 0)
        msg.data = self._data(choose, min(size, MAX_PAYLOAD))
        picture = image_picture(msg)
        assert picture.size == (msg.height, msg.width)
        _check(picture, choose)
        own = RawImage(
            msg.encoding, msg.width, msg.height, msg.step, bool(msg.is_bigendian), msg.data
        )
        assert np.array_equal(picture.rgb, decode_raw(own)), "a library converts otherwise"

    def _data(self, choose: Choices, size: int) -> object:
        kind = choose.below(8)
        seed = choose.rest() or b"\0"
        payload = (seed * (size // len(seed) + 1))[:size]
        if kind == 7:
            return (None, "text", [1, 2], memoryview(payload)[::2])[size % 4]
        if kind == 6:
            return array("B", payload)
        return self._memory.place(payload, at_end=kind < 5)

    def _compressed(self, choose: Choices) -> None:
        make = (self._damaged, self._damaged, _made_png)[choose.below(3)]
        content = make(choose)[:MAX_PAYLOAD]
        msg = SimpleNamespace(
            format=("jpeg", "png", "16UC1; png compressed ", "bgr8; jpeg compressed bgr8")[
                choose.below(4)
            ],
            data=self._memory.place(content),
        )
        _check(compressed_picture(msg), choose)

    def _damaged(self, choose: Choices) -> bytes:
        content = bytearray(self._files[choose.below(len(self._files))])
        for _ in range(choose.below(6)):
            _damage(content, choose)
        return bytes(content)


def _check(picture: Picture, choose: Choices) -> None:
    """Hold a picture to its size, and its small form to the large one's."""
    height, width = picture.size
    if height * width > 1 << 20:
        return  # a file may honestly hold much; its decoding is what had to be survived
    size = ((3, 5), (8, 8), (height, width))[choose.below(3)]
    small, rgb = picture.resized(size), picture.rgb
    assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8
    assert np.array_equal(small, resize_rgb(rgb, size)), "resized before otherwise than after"


def _header(choose: Choices) -> SimpleNamespace:
    if choose.one_in(16):
        encoding = _LIKE_ENCODINGS[choose.below(len(_LIKE_ENCODINGS))]
        if choose.below(2):
            encoding += choose.take(3).decode("latin-1")
    else:
        encoding = ENCODINGS[choose.below(len(ENCODINGS))]
    width, height = (_dimension(choose) for _ in range(2))
    step = _WILD[choose.below(len(_WILD))]
    if encoding in ENCODINGS and not choose.one_in(8):
        step = row_bytes(RawImage(encoding, width, height, 0, False, b""))
        step += choose.below(9) * (choose.below(3) - 1)  # less, none, or padding
    return SimpleNamespace(
        encoding=encoding, width=width, height=height, step=step, is_bigendian=choose.below(3)
    )


def _dimension(choose: Choices) -> int:
    if choose.one_in(16):
        return _WILD[choose.below(len(_WILD))]
    return (1 + choose.below(20)) << choose.below(2)


def _damage(content: bytearray, choose: Choices) -> None:
    place = choose.below(len(content) + 1) if len(content) > 255 else choose.below(256)
    kind = choose.below(6)
    if kind == 0:
        content[place : place + 1] = choose.take(1)
    elif kind == 1:
        content[place:place] = choose.take(1 + choose.below(8))
    elif kind == 2:
        del content[place : place + 1 + choose.below(64)]
    elif kind == 3:
        del content[place:]
    elif kind == 4:
        content[place:place] = content[place : place + choose.below(256)]
    else:
        _announce(content, _WILD[choose.below(len(_WILD))] & 0xFFFFFFFF)


def _announce(content: bytearray, size: int) -> None:
    """Write a size into the header of a file."""
    if content[1:4] == b"PNG":
        content[16:20] = size.to_bytes(4, "big")
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        return
    for marker in (b"\xff\xc0", b"\xff\xc2"):
        frame = content.find(marker)
        if frame >= 0:
            content[frame + 5 : frame + 7] = (size & 0xFFFF).to_bytes(2, "big")


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk, its checksum right."""
    checksum = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + checksum


def png(
    width: int,
    height: int,
    pixels: bytes,
    *,
    header: bytes = b"\x08\x02\0\0\0",
    extra: bytes = b"",
) -> bytes:
    """Return a PNG file of rows that begin with their filter.

    Args:
        width: As it announces.
        height: As it announces.
        pixels: Compressed, whatever their number.
        header: Bit depth, colour type, compression, filter, interlace.
        extra: Chunks before the pixels.
    """
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    parts = (chunk(b"IHDR", size + header), extra, chunk(b"IDAT", pixels))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def _made_png(choose: Choices) -> bytes:
    """Return a PNG whose checksums are right and little else has to be."""
    width, height = (_dimension(choose) & 0xFFFFFFFF for _ in range(2))
    depth = (8, 16, 1, 2, 4, 3)[choose.below(6)]
    colour = (2, 0, 6, 3, 4, 5)[choose.below(6)]
    header = bytes((depth, colour, choose.one_in(16), choose.one_in(16), choose.below(3)))
    extra = _extra_chunk(choose)
    if choose.one_in(8):
        return png(width, height, _bomb(choose.below(4)), header=header, extra=extra)
    needed = min(height, 64) * (1 + min(width, 64) * 8)
    pixels = ((choose.rest() or b"\0") * 64)[:needed]
    return png(width, height, zlib.compress(pixels, 1), header=header, extra=extra)


def _extra_chunk(choose: Choices) -> bytes:
    """Return a chunk that a decoder may look at: palette, animation, text that swells."""
    data, kind = choose.take(12), choose.below(7)
    if kind in (1, 2):
        return chunk((b"iCCP", b"zTXt")[kind - 1], b"a\0\0" + _bomb(choose.below(4)))
    simple = {
        3: (b"PLTE", data * choose.below(64)),
        4: (b"tRNS", data),
        5: (data[:4], data[4:]),
        6: (b"acTL", data[:8]),
    }
    return chunk(*simple[kind]) if kind in simple else b""


@cache
def _bomb(mib: int) -> bytes:
    return zlib.compress(bytes(mib << 20))


def _files() -> list[bytes]:
    """Return small files of every kind that a camera may send, and some more."""
    rows, columns = np.mgrid[:24, :32]
    rgb = np.stack((rows * 8, columns * 7, 255 - rows - columns), axis=-1).astype(np.uint8)
    picture, grey = Image.fromarray(rgb), Image.fromarray(rgb).convert("L")
    kinds = [
        (picture, {"format": "JPEG"}),
        (picture, {"format": "JPEG", "progressive": True}),
        (picture, {"format": "JPEG", "subsampling": 0, "restart_marker_rows": 1}),
        (grey, {"format": "JPEG", "optimize": True}),
        (picture.convert("CMYK"), {"format": "JPEG"}),
        (picture, {"format": "PNG"}),
        (picture.convert("P"), {"format": "PNG"}),
        (picture.convert("RGBA"), {"format": "PNG"}),
        (picture.convert("1"), {"format": "PNG"}),
        (picture, {"format": "PNG", "save_all": True, "append_images": [picture, picture]}),
    ]
    files = []
    for image, options in kinds:
        file = io.BytesIO()
        image.save(file, **options)
        files.append(file.getvalue())
    wide = rgb[..., 0].astype(np.uint16) * 257
    files.append(cv2.imencode(".png", wide)[1].tobytes())
    files.append(cv2.imencode(".png", rgb.astype(np.uint16) * 257)[1].tobytes())
    return files
