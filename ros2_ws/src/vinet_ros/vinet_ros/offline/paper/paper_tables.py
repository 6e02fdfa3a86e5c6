# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The tables of Jain et al., "ViNet", IROS 2021."""

from __future__ import annotations

from dataclasses import replace

from vinet_ros.offline.paper.rows import (
    ALL_BASELINES,
    AVE,
    AVINET,
    AVINET_B,
    AVINET_C,
    BASELINES,
    COUTROT2,
    DHF1K_VAL,
    FIVE,
    MEP,
    SHOTS,
    SOUND,
    STA,
    VINET,
    theirs,
)
from vinet_ros.offline.paper.tables import LIKENESS, Column, System, Table

_ABLATION = "Rows without published scores are the ablation's other steps."


def _clip_length(frames: int) -> System:
    variant = "vinet" if frames == 32 else f"vinet_t{frames}"
    return System(f"T = {frames}", (f"ViNet, T = {frames}",), variant)


PAPER_TABLES = (
    Table(
        "I",
        "paper",
        "clip size T, DHF1K validation",
        (*(_clip_length(frames) for frames in (8, 16, 32, 48)), *ALL_BASELINES),
        (DHF1K_VAL,),
        ("CC", "SIM", "NSS"),
    ),
    Table(
        "II",
        "paper",
        "with and without hierarchy, DHF1K validation",
        (
            System("without hierarchy", ("ViNet, without hierarchy",), "vinet_hier0"),
            System("1 hierarchy", variant="vinet_hier1"),
            System("2 hierarchies", variant="vinet_hier2"),
            System("with hierarchy", ("ViNet, with hierarchy",), "vinet"),
            *ALL_BASELINES,
        ),
        (DHF1K_VAL,),
        ("CC", "SIM", "NSS"),
        notes=(_ABLATION,),
    ),
    Table(
        "II-text",
        "paper",
        "transposed convolution, channel-wise concatenation (the text beside table II)",
        (
            System(
                "transposed convolution",
                ("ViNet, transposed convolution instead of trilinear",),
                "vinet_transposed",
            ),
            System("trilinear", ("ViNet, trilinear",), "vinet"),
            System("channel-wise concatenation", variant="vinet_channel"),
            *ALL_BASELINES,
        ),
        (DHF1K_VAL,),
        ("CC",),
        source="paper, table II and text",
        notes=(
            "Of two forms of the transposed decoder the later one, without norms.",
            'Of channel-wise concatenation the paper says "similar performance", and no number.',
        ),
    ),
    Table(
        "III",
        "paper",
        "visual sets",
        (
            *theirs("SALEMA", "ACLNet", "STRA-Net", "SALSAC", "TASED-Net", "UNISAL"),
            VINET,
            *ALL_BASELINES,
        ),
        (Column("DHF1K, test (ours: val)", "dhf1k", "test", scored="val"), *SHOTS),
        FIVE,
        notes=(
            "DHF1K's test ground truth is not public: beside its published scores stand ours on "
            "the validation split, which are not the same thing.",
        ),
    ),
    Table(
        "IV",
        "paper",
        "sets with sound",
        (
            *theirs("ACLNet", "TASED-Net"),
            replace(STA, row="STAViS", published=("STAViS",)),
            System("ViNet(NF)", ("ViNet(NF)",), "vinet", "dhf1k"),
            VINET,
            AVINET_B,
            AVINET_C,
            *ALL_BASELINES,
        ),
        SOUND,
        FIVE,
    ),
    Table(
        "V",
        "paper",
        "AVE by category",
        (
            System("HI", ("HI",), baseline="HI, leave one out"),
            replace(AVINET, published=("AViNet",)),
            VINET,
            *theirs("DAVE", "ACLNet*"),
            MEP,
            *BASELINES,
        ),
        AVE,
        FIVE,
        notes=("The paper does not say which AViNet this is: it is AViNet(B) here.",),
    ),
    Table(
        "VI",
        "paper",
        "likeness of maps with real and with zero sound, Coutrot2",
        (AVINET_B, AVINET_C, replace(STA, row="STAViS", published=("STAViS",))),
        (COUTROT2,),
        ("CC", "SIM"),
        LIKENESS,
        notes=("Means over a video's windows, then over videos; the paper does not say.",),
    ),
)
