# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Reading files of `torch.save` that come from strangers."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vinet_ros.errors import WeightsError

# Names under which training scripts keep the state dict beside epoch, optimizer and so on.
_WRAPPERS = ("state_dict", "model_state_dict", "model")
# Put before every key by DataParallel, Lightning and torch.compile.
_PREFIXES = ("module.", "model.", "_orig_mod.")
_FOREIGN = (
    (b"<", "a web page: the download failed or asked for a login"),
    (b"version https://git-lfs", "a Git LFS pointer: run `git lfs pull`"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x89HDF", "an HDF5 file: it is from another framework"),
)


def read_torch_file(path: Path) -> dict[str, Tensor]:
    """Read the state dict of a torch file without running anything from it.

    Raises:
        WeightsError: If the file is damaged, hostile, or holds no state dict.
    """
    with path.open("rb") as handle:
        start = handle.read(64)
    is_zip = start.startswith(b"PK")
    if not is_zip and not start.startswith(b"\x80"):
        raise WeightsError(f"{path} is not a weight file but {_foreign(start)}")
    if is_zip:
        _check_archive(path)
    try:
        with warnings.catch_warnings():  # of file formats, which no user can change
            warnings.simplefilter("ignore")
            # A mapped file bounds every read by the file itself. Copying reads trust the sizes
            # that the pickle claims, beyond the end of the record.
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_zip)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path} {_refusal(str(error))}") from error
    except Exception as error:  # the format leaves the kind of error to chance
        reason = f"{type(error).__name__}: {error}".strip().splitlines()[0][:200]
        raise WeightsError(f"{path} is cut off or damaged ({reason}); get it again") from error
    return strip_prefixes(_state_dict(path, content))


def strip_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off wrappers' prefixes that all keys share, ``module.`` above all."""
    state = dict(state)
    while state and (prefix := next((p for p in _PREFIXES if _shared(p, state)), None)):
        state = {key[len(prefix) :]: value for key, value in state.items()}
    return state


def _shared(prefix: str, state: Mapping[str, Tensor]) -> bool:
    return all(key.startswith(prefix) for key in state)


def _check_archive(path: Path) -> None:
    """Refuse archives that torch.save never writes: compressed (a bomb), or larger inside."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise WeightsError(f"{path} is cut off or damaged ({error}); get it again") from error
    inside, outside = sum(entry.file_size for entry in entries), path.stat().st_size
    if inside > outside or any(e.compress_type != zipfile.ZIP_STORED for e in entries):
        raise WeightsError(
            f"{path} is a compressed archive ({outside} bytes, {inside} unpacked), which torch "
            "never writes; unpack it and give the weight file inside"
        )


def _state_dict(path: Path, content: object) -> dict[str, Tensor]:
    for _ in range(2):  # a wrapper may lie in a wrapper
        inner = _unwrapped(content)
        if inner is content:
            break
        content = inner
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(
            f"{path} holds {_described(content)}, expected a state dict: tensors by name"
        )
    for key, value in content.items():
        if not isinstance(key, str) or not _plain(value):
            raise WeightsError(
                f"{path} is no state dict: entry {_named(key)} is {_described(value)}, expected "
                f"a plain tensor (or a dict under one of {', '.join(_WRAPPERS)})"
            )
    return dict(content)


def _unwrapped(content: object) -> object:
    if isinstance(content, Mapping):
        for name in _WRAPPERS:
            if isinstance(content.get(name), Mapping):
                return content[name]
    return content


def _plain(value: object) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_nested
    )


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a {value.layout} tensor on {value.device.type}"
    if isinstance(value, Mapping):
        return f"a dict of {len(value)} entries"
    return f"a {type(value).__name__}"


def _named(key: object) -> str:
    return repr(key)[:80] if isinstance(key, str) else f"with a {type(key).__name__} as key"


def _foreign(start: bytes) -> str:
    if not start:
        return "an empty file: get it again"
    for magic, what in _FOREIGN:
        if start.lstrip().startswith(magic):
            return what
    return f"starts with {start[:8]!r}; expected a file of torch.save or a safetensors file"


def _refusal(message: str) -> str:
    """Say what the unpickler met. Not in torch's own words: they advise to run the file."""
    named = re.search(r"(?:GLOBAL|class) ([\w.]+)", message)
    if named:
        return (
            f"holds more than tensors, or is cut off or damaged: it names {named[1][:80]}, to be "
            "called on loading. Nothing of it was run; ask its author for a plain state dict"
        )
    reason = message.partition("WeightsUnpickler error:")[2].strip().partition("\n")[0][:80]
    return (
        f"is cut off, damaged or not of torch.save ({reason or 'unreadable'}). Nothing of it was "
        "run; get it again"
    )
