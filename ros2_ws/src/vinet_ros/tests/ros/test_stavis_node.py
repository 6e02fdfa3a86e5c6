# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""STAViS in saliency_node and in `vinet predict`, from a weight file."""

import numpy as np
import pytest
from geometry_msgs.msg import PointStamped
from made_stavis import write_stavis
from node_bench import spot
from predict_clip import predict_clip
from sensor_msgs.msg import Image

from vinet_ros.ros.messages import stamp_to_ns


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_stavis(tmp_path_factory.mktemp("weights") / "stavis.safetensors")


@pytest.mark.parametrize("options", ["", "variant=st"])
def test_the_node_runs_it(bench, weights, options):
    bench.active("real", model="stavis", weights=str(weights), model_options=options, device="cpu")
    maps = bench.listen(Image, "saliency/image")
    pixels = bench.listen(PointStamped, "gaze/pixel")
    sent = bench.show(lambda: maps and pixels, spot(480, 120))
    assert stamp_to_ns(maps[-1].header.stamp) in sent
    assert (maps[-1].height, maps[-1].width) == (112, 112)
    values = np.frombuffer(maps[-1].data, np.float32)
    assert 0 < values.min() < values.max() < 1
    assert 0 <= pixels[-1].point.x < 640
    assert bench.value("model", "model") == "stavis"


def test_the_command_predicts_with_it(weights, tmp_path, capsys):
    result, maps = predict_clip("stavis", weights, tmp_path, capsys, frames=4)
    assert result["hearing"] == "heard its own sound: 44100 Hz, channels: 1"
    assert maps.shape == (4, 112, 112)
