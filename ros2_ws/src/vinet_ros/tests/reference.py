# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Comparing a network with what the public code gave, stage by stage."""

import numpy as np
from fill import samples, statistics


def run_tapped(network, parts, *inputs):
    """The map, and the output of every child of some parts under its name."""
    taps = {}
    handles = [
        module.register_forward_hook(
            lambda _, __, output, name=name: taps.__setitem__(name, output.numpy().copy())
        )
        for part in parts
        for name, module in part.named_children()
        if name not in ("visual_model", "decoder", "backbone")
    ]
    try:
        saliency = network(*inputs).numpy()
    finally:
        for handle in handles:
            handle.remove()
    taps["logit"] = taps.pop("convtsp4")[:, 0, 0]
    return saliency, taps


def assert_equal_to_reference(expected, saliency, taps):
    """Hold a map, its logits and all stages of a golden file to its tolerances."""
    step, logit_step = int(expected["map_step"]), int(expected["logit_step"])
    np.testing.assert_allclose(saliency[:, ::step, ::step], expected["map"], rtol=0, atol=2e-5)
    np.testing.assert_allclose(
        taps["logit"][:, ::logit_step, ::logit_step], expected["logit_s4"], rtol=0, atol=1e-4
    )
    assert_equal_stages(expected, taps)


def assert_equal_stages(expected, taps):
    """Hold all stages of a golden file to its tolerances."""
    for name in (key.partition("__")[0] for key in expected.files if key.endswith("__stats")):
        values, stats = taps[name], expected[f"{name}__stats"]
        assert values.shape == tuple(expected[f"{name}__shape"]), name
        close = {"rtol": 1e-4, "atol": 1e-4 * stats[1], "err_msg": name}
        np.testing.assert_allclose(statistics(values), stats, **close)
        places = expected[f"{name}__samples"]
        np.testing.assert_allclose(samples(name, values, len(places)), places, **close)
