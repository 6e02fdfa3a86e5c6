# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Weight files that lie, for the tests of reading: each writes one and returns nothing."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import torch


class Payload:
    """Unpickles by running a command that leaves a file behind."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self):
        return os.system, (f"touch '{self.proof}'",)


class EvaluatedPayload(Payload):
    """The same through eval."""

    def __reduce__(self):
        return eval, (f"open({str(self.proof)!r}, 'w').close()",)


def torch_archive(path, payload):
    torch.save({"state_dict": {"a": torch.ones(2), "b": payload}}, path)


def torch_legacy(path, payload):
    torch.save({"a": payload}, path, _use_new_zipfile_serialization=False)


def bare_pickle(path, payload):
    path.write_bytes(pickle.dumps({"a": payload}))


def old_pickle(path, payload):
    path.write_bytes(pickle.dumps({"a": payload}, protocol=0))


def with_claimed_size(path, claimed):
    """A torch file whose pickle claims more numbers than its record of 77 holds."""
    torch.save({"a": torch.arange(77, dtype=torch.float32)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            if name.endswith("data.pkl"):
                honest, lie = b"K" + bytes([77]), b"J" + struct.pack("<i", claimed)
                assert content.count(honest) == 2  # the storage's size and the tensor's
                content = content.replace(honest, lie)
            archive.writestr(name, content)


def compressed(path, unpacked_bytes):
    """An archive that is small on disk and large inside."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
        archive.writestr("archive/data/0", bytes(unpacked_bytes))
        archive.writestr("archive/version", b"3\n")


def safetensors_bytes(header, data=b"", length=None):
    """A safetensors file with any header, honest or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


LYING_HEADERS = {
    "length beyond the file": safetensors_bytes({"a": entry([1], 0, 4)}, bytes(4), 1 << 20),
    "length beyond memory": safetensors_bytes({"a": entry([1], 0, 4)}, bytes(4), (1 << 63) - 1),
    "data beyond the file": safetensors_bytes({"a": entry([100], 0, 400)}, bytes(4)),
    "more data than told": safetensors_bytes({"a": entry([1], 0, 4)}, bytes(400)),
    "shape larger than its data": safetensors_bytes({"a": entry([1 << 20], 0, 4)}, bytes(4)),
    "shape that overflows": safetensors_bytes({"a": entry([1 << 33, 1 << 33], 0, 4)}, bytes(4)),
    "negative shape": safetensors_bytes({"a": entry([-1], 0, 4)}, bytes(4)),
    "end before begin": safetensors_bytes({"a": entry([1], 4, 0)}, bytes(4)),
    "overlapping tensors": safetensors_bytes(
        {"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, bytes(4)
    ),
    "unknown type": safetensors_bytes({"a": entry([1], 0, 4, "F31")}, bytes(4)),
    "header cut off": safetensors_bytes(b'{"a": {"dtype": "F3'),
    "header of a list": safetensors_bytes(b"{[1, 2, 3]}"),
    "nesting without end": safetensors_bytes(b'{"a":' + b"[" * 100_000),
}
