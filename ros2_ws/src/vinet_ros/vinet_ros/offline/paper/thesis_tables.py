# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The tables of the MSc thesis on sound in saliency prediction, 2023."""

from __future__ import annotations

from dataclasses import replace

from vinet_ros.offline.paper.rows import (
    ALL_BASELINES,
    AVINET,
    AVINET_0,
    AVINET_A,
    AVINET_B,
    AVINET_C,
    AVINET_R,
    AVINET_RNA,
    COUTROT2,
    DHF1K_VAL,
    FIVE,
    MVVA,
    SHOTS,
    SOUND,
    ST,
    STA,
    VINET,
    VINET_D,
)
from vinet_ros.offline.paper.tables import NORMS, System, Table
from vinet_ros.offline.paper.variants import NORMAL, SHUFFLED, WOLFRAM, ZERO

_NOISE = "AViNet hears normal noise of deviation 0.1, in training and evaluation."
_ENCODERS = (
    "AViNet with VGG-Vox or AVID joins by concatenation; the thesis does not name its fusion."
)
_DROPPED = (
    "The layer that drops is not named: here it is ViNet's deepest feature, and what STAViS(ST) "
    "gives its last convolution."
)


def _blacked(frames: int) -> System:
    return System(f"ViNet-{frames}", (f"ViNet-{frames}",), f"vinet_black{frames}")


def _dropped(model: str, share: str) -> System:
    variant = f"{'vinet' if model == 'ViNet' else 'stavis'}_d{share[2:]}"
    return System(f"{model}, dropout {share}", (f"{model}, dropout {share}",), variant)


def _synthetic(kind: str, regime: str) -> System:
    """Return a row whose network is trained and evaluated with the same sound."""
    return System(f"ViNet_{kind}", (f"ViNet {kind}",), f"avinet_{kind.lower()}", audio=regime)


THESIS_TABLES = (
    Table(
        "5.1",
        "thesis",
        "zero and random sound at inference",
        (
            ST,
            STA,
            System("STAViS(STA-0)", ("STAViS(STA-0)",), "stavis_sta", audio=ZERO),
            System("STAViS(STA-R)", ("STAViS(STA-R)",), "stavis_sta", audio=NORMAL),
            VINET,
            AVINET,
            AVINET_0,
            AVINET_R,
            *ALL_BASELINES,
        ),
        SOUND,
        FIVE,
        notes=("Random sound is normal noise with the deviation of the window's own sound.",),
    ),
    Table(
        "5.2",
        "thesis",
        "AViNet with different sound encoders",
        (
            VINET,
            replace(AVINET_B, row="AViNet, SoundNet"),
            System("AViNet, VGG-Vox", ("AViNet VGG-Vox",), "avinet_vggvox"),
            System("AViNet, AVID", ("AViNet AVID",), "avinet_avid"),
            *ALL_BASELINES,
        ),
        SOUND,
        FIVE,
        notes=(_ENCODERS,),
    ),
    Table(
        "5.3",
        "thesis",
        "AViNet with different fusions",
        (VINET, AVINET_B, AVINET_C, AVINET_A, AVINET_RNA, *ALL_BASELINES),
        SOUND,
        FIVE,
        notes=("AViNet(RNA) is AViNet(B) with the RNA loss at weight 1.",),
    ),
    Table(
        "5.4",
        "thesis",
        "norms of the features of sound and sight, with and without the RNA loss",
        (
            System("bilinear", ("bilinear",), "avinet_b"),
            System("RNA", ("rna",), "avinet_rna"),
        ),
        SOUND,
        ("sound", "sound sd", "sight", "sight sd"),
        NORMS,
        notes=(
            "The thesis names no layer: these are the fusion's inputs, each channel by its "
            "largest value over time and place, as our RNA loss takes them.",
        ),
    ),
    Table(
        "5.5",
        "thesis",
        "random blacking of 4, 8 and 16 frames",
        (VINET, AVINET, *(_blacked(frames) for frames in (4, 8, 16)), *ALL_BASELINES),
        SOUND,
        FIVE,
        notes=("Black frames are drawn alike, the newest among them, in training only.",),
    ),
    Table(
        "5.6",
        "thesis",
        "dropout rate, Coutrot2",
        (
            *(_dropped(m, s) for s in ("0.80", "0.85", "0.90") for m in ("STAViS", "ViNet")),
            *ALL_BASELINES,
        ),
        (COUTROT2,),
        FIVE,
        notes=(_DROPPED,),
    ),
    Table(
        "5.7",
        "thesis",
        "regularised models, dropout 0.85",
        (
            ST,
            STA,
            System("STAViS(STD)", ("STAViS(STD)",), "stavis_d85"),
            VINET,
            AVINET,
            VINET_D,
            *ALL_BASELINES,
        ),
        SOUND,
        FIVE,
        notes=(_DROPPED,),
    ),
    Table(
        "5.8",
        "thesis",
        "MVVA",
        (
            AVINET_B,
            AVINET_0,
            replace(AVINET_R, published=("AViNet-R",)),
            AVINET_A,
            AVINET_RNA,
            VINET_D,
            System("AViNet, VGG-Vox", ("AViNet VGG",), "avinet_vggvox"),
            System("AViNet, AVID", ("AViNet Avid",), "avinet_avid"),
            *ALL_BASELINES,
        ),
        MVVA,
        ("CC", "SIM", "NSS", "AUC", "KLDiv"),
        notes=(
            "The thesis does not say which of the splits it had: here MVVA_list_*_1.",
            _ENCODERS,
        ),
    ),
    Table(
        "5.9",
        "thesis",
        "training with random, Wolfram and shuffled sound",
        (
            VINET,
            replace(AVINET_B, row="AViNet-B"),
            replace(AVINET_C, row="AViNet-C"),
            _synthetic("random", NORMAL),
            _synthetic("Wolfram", WOLFRAM),
            _synthetic("shuffled", SHUFFLED),
            *ALL_BASELINES,
        ),
        SOUND,
        FIVE,
        notes=(
            "The last three are AViNet(B) and hear in evaluation what they heard in training.",
        ),
    ),
    Table(
        "5.10",
        "thesis",
        "sets without sound",
        (
            VINET,
            System("AViNet", ("AViNet",), "avinet_noise", audio=NORMAL, audio_std=0.1),
            VINET_D,
            *ALL_BASELINES,
        ),
        (DHF1K_VAL, *SHOTS),
        FIVE,
        notes=(_NOISE,),
    ),
)
