# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Weight files: what is in one, its card, and writing one that is whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from vinet_ros.errors import WeightsError
from vinet_ros.networks.torch_file import read_torch_file

_CARD_KEY = "card"
_KINDS = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    dict: ((dict,), "a table"),
    tuple: ((list, tuple), "a list"),
}


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """What a weight file is: code asks the card, never the file's name.

    Attributes:
        model: Name in the catalog.
        options: Options of the network, as :func:`~vinet_ros.networks.create_model` takes them.
        file: Name of the file it was read from; empty before it is saved.
        sha256: Of that file, 64 hexadecimal digits; empty before it is saved.
        source: Who trained it, or which file it was made from.
        licence: Of the weights, with that of their data where it binds.
        clip_length: Frames in a clip.
        input_size: Height and width of a frame.
        rate_hz: Frames a second that it was trained at.
        training: How it was trained: command, data, seed; empty where unknown.
        scores: Measured scores, e.g. ``{"fixations/val": {"CC": 0.78}}``.
        quantization: Of a file of int8 graphs how they were made and how near they come to the
            weights; empty where the file holds weights.
    """

    model: str
    clip_length: int
    input_size: tuple[int, int]
    rate_hz: float
    options: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    sha256: str = ""
    source: str = "unknown"
    licence: str = "unknown"
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    quantization: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the card as it is stored in a file (without the file's own name and hash)."""
        stored = {k: v for k, v in asdict(self).items() if k not in ("file", "sha256")}
        if not self.quantization:  # so a file of weights has the same hash as it always had
            del stored["quantization"]
        return json.dumps(stored)

    @classmethod
    def from_json(cls, text: str) -> WeightsCard:
        """Read a stored card; inverse of :meth:`to_json`.

        Raises:
            ValueError: If the text is no card; the message names the field.
        """
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("the card is not a table")
        known = {f.name: f for f in fields(cls)}
        # Unknown fields are left out: a newer version may have written more.
        values = {name: value for name, value in stored.items() if name in known}
        for name in ("model", "clip_length", "input_size", "rate_hz"):
            if name not in values:
                raise ValueError(f"the card lacks {name}")
        for name, value in values.items():
            _check_kind(name, value)
        values["input_size"] = tuple(values["input_size"])
        return cls(**values)


def read_state_dict(path: str | Path) -> dict[str, Tensor]:
    """Read the tensors of a weight file, safetensors or a torch file, running nothing from it.

    Torch files are read with ``weights_only=True``. A wrapping dict (``{"state_dict": ...}``) and
    a prefix that all keys share (``module.`` of DataParallel) are taken off.

    Args:
        path: The file.

    Returns:
        Tensors by key, as stored. They may still lie in the file: copy them before it changes.

    Raises:
        WeightsError: If the file is missing, damaged, hostile or not a weight file.
    """
    path = _existing(path)
    if _is_safetensors(path):
        return _read_safetensors(path)[0]
    return read_torch_file(path)


def read_card(path: str | Path) -> WeightsCard | None:
    """Read the card of one of our own files, its name and hash filled in; None without a card.

    Raises:
        WeightsError: If the file is missing, or its card is damaged.
    """
    path = _existing(path)
    if not _is_safetensors(path):
        return None
    text = _read_safetensors(path, tensors=False)[1].get(_CARD_KEY)
    if text is None:
        return None
    try:
        card = WeightsCard.from_json(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"{path}: its card cannot be read ({error}); get the file again, or convert the "
            "original with `vinet weights convert`"
        ) from error
    return replace(card, file=path.name, sha256=sha256_of(path))


def save_weights(
    path: str | Path, model: nn.Module, card: WeightsCard, dtype: torch.dtype = torch.float32
) -> WeightsCard:
    """Write a network's weights as safetensors with its card inside, whole or not at all.

    Args:
        path: The file; an existing one is replaced in one step.
        model: The network.
        card: Its card; name and hash are those of the file after writing.
        dtype: float32 or float16. Vectors (norms, biases) stay float32: they weigh nothing and
            their range is the wider one.

    Returns:
        The card with name and hash of the file.

    Raises:
        WeightsError: If the file cannot be written, or a value does not fit `dtype`.
        ValueError: If `dtype` is neither float32 nor float16.
    """
    if dtype not in (torch.float32, torch.float16):
        raise ValueError(f"weights are stored as float32 or float16, not as {dtype}")
    stored = {key: _stored(key, value, dtype) for key, value in model.state_dict().items()}
    return write_tensors(path, stored, card)


def write_tensors(
    path: str | Path, stored: Mapping[str, Tensor], card: WeightsCard
) -> WeightsCard:
    """Write tensors and a card as safetensors, whole or not at all.

    Returns:
        The card with name and hash of the file.

    Raises:
        WeightsError: If the file cannot be written.
    """
    path = Path(path)
    # One entry only: the library writes several in any order, and the hash shall stay the same.
    metadata = {_CARD_KEY: card.to_json()}
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            unfinished = Path(folder) / path.name
            save_file(dict(stored), unfinished, metadata=metadata)
            digest = sha256_of(unfinished)
            with unfinished.open("rb") as handle:
                os.fsync(handle.fileno())
            unfinished.chmod(0o644)
            unfinished.replace(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"cannot write {path}: {error}; choose a folder that exists, is writable and has room"
        ) from error
    return replace(card, file=path.name, sha256=digest)


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        WeightsError: If there is no such file.
    """
    digest = hashlib.sha256()
    with _existing(path).open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def bundled_weights(name: str) -> Path | None:
    """Return the file ``models/<name>.safetensors`` that comes with the package, or None."""
    for folder in bundled_folders():
        candidate = folder / f"{name}.safetensors"
        if candidate.is_file():
            return candidate
    return None


def bundled_folders() -> list[Path]:
    """Return where bundled weights may lie: the checkout's models/, then the share folders.

    The ament prefixes are read from the environment, as the ROS setup files write it: this part
    of the package must work where ROS is not installed.
    """
    checkout = Path(__file__).resolve().parents[2] / "models"
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    prefixes.append(Path(sys.prefix))
    return [checkout, *(prefix / "share" / "vinet_ros" / "models" for prefix in prefixes)]


def card_of(model: nn.Module) -> WeightsCard | None:
    """Return the card of the file that a network was loaded from; None if it never was."""
    card = getattr(model, "card", None)
    return card if isinstance(card, WeightsCard) else None


def _existing(path: str | Path) -> Path:
    path = Path(path).expanduser()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise WeightsError(f"weight file {path} {what}; check the path")
    return path


def _is_safetensors(path: Path) -> bool:
    """Tell by the ninth byte: eight bytes of header length, then the header, a JSON table.

    No file of torch.save has a brace there; but a length may begin like one of them (PK, 0x80).
    """
    with path.open("rb") as handle:
        return handle.read(9)[8:] == b"{"


def _read_safetensors(
    path: Path, tensors: bool = True
) -> tuple[dict[str, Tensor], Mapping[str, str]]:
    """Read tensors and metadata; the library checks every length and offset of the header."""
    try:
        with safe_open(path, framework="pt") as opened:
            names = opened.keys() if tensors else []
            return {name: opened.get_tensor(name) for name in names}, opened.metadata() or {}
    except (SafetensorError, OSError, RuntimeError, ValueError, OverflowError) as error:
        raise WeightsError(
            f"{path} is damaged ({error}): its header and its {path.stat().st_size} bytes do not "
            "agree; get the file again"
        ) from error


def _stored(key: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    narrow = value.is_floating_point() and value.dim() > 1
    kept = value.detach().to("cpu", dtype if narrow else value.dtype).contiguous().clone()
    if narrow and not bool(torch.isfinite(kept).all()):
        raise WeightsError(
            f"{key} holds values up to {float(value.abs().max()):.3g}, which {dtype} cannot; "
            "store it as float32"
        )
    return kept


def _check_kind(name: str, value: object) -> None:
    kind: type = {"clip_length": int, "input_size": tuple, "rate_hz": float}.get(name, str)
    if name in ("options", "training", "scores", "quantization"):
        kind = dict
    types, words = _KINDS[kind]
    if not isinstance(value, types) or isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}, not {words}")
    if name == "input_size" and [type(v) for v in value] != [int, int]:  # type: ignore[attr-defined]
        raise ValueError(f"input_size is {value!r}, not a height and a width")
