# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A weight file with the hash that it shall have, out of reach while it is read."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from vinet_ros.errors import WeightsError

_BLOCK_BYTES = 1 << 20


@contextmanager
def verified(path: str | Path, sha256: str | None) -> Iterator[Path]:
    """Yield a file that has the expected hash and keeps it until the block ends.

    A path that is hashed first and opened again to be read may name another file by then. So the
    bytes that are hashed are kept, in a folder that only this user may enter, and these are what
    is read.

    Args:
        path: The file.
        sha256: The hash that it must have, 64 hexadecimal digits; None yields the path as it is.

    Raises:
        WeightsError: If there is no such file, or it has another hash. Also in place of a
            WeightsError of the block, then about `path`.
    """
    path = Path(path).expanduser()
    if sha256 is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="vinet-weights-") as folder:
        copy = Path(folder) / path.name
        try:
            with path.open("rb") as source, copy.open("wb") as target:
                digest = _copy_and_hash(source, target)
        except OSError as error:
            raise WeightsError(
                f"{path} cannot be read and copied to {folder} to be checked ({error}); check the "
                "path and the room there"
            ) from error
        if digest != sha256.strip().lower():
            raise WeightsError(
                f"{path} is not the expected file: expected sha256 {sha256.strip()}, got "
                f"{digest}; get it again, or correct the expected hash"
            )
        try:
            yield copy
        except WeightsError as error:
            raise WeightsError(str(error).replace(str(copy), str(path))) from error


def _copy_and_hash(source: BinaryIO, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := source.read(_BLOCK_BYTES):
        digest.update(block)
        target.write(block)
    return digest.hexdigest()
