# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""`vinet predict` on a short made clip with sound."""

import json

import numpy as np
import pytest
from made_clips import write_clip

from vinet_ros.cli import main


def predict_clip(model, weights, folder, capsys, frames):
    """Return what the command told of the clip, and its maps (frames, H, W)."""
    sound = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 44_100)).astype(np.float32)
    write_clip(folder / "clip.mov", frames, rate=25, sound=sound)
    arguments = ["predict", folder / "clip.mov", "--model", model, "--weights", weights]
    arguments += ["--out", folder / "out", "--path", "torch", "--write", "npz,json", "--json"]
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    told = capsys.readouterr()
    assert not ended.value.code, told.err
    (result,) = json.loads(told.out)
    files = sorted((folder / "out").rglob("*.npz"))
    return result, np.stack([np.load(file)["saliency"] for file in files])
