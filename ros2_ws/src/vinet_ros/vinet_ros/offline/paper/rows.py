# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Rows and columns that several tables have."""

from __future__ import annotations

from dataclasses import replace

from vinet_ros.offline.paper.tables import Column, System
from vinet_ros.offline.paper.variants import NORMAL, ZERO

FIVE = ("CC", "sAUC", "AUC", "NSS", "SIM")
DHF1K_VAL = Column("DHF1K, val", "dhf1k", "val")
SHOTS = (Column("Hollywood-2", "hollywood2"), Column("UCF-Sports", "ucf_sports"))
COUTROT2 = Column("Coutrot2", "coutrot2")
SOUND = (
    Column("DIEM", "diem"),
    Column("Coutrot1", "coutrot1"),
    COUTROT2,
    Column("AVAD", "avad"),
    Column("ETMD", "etmd"),
    Column("SumMe", "summe"),
)
AVE = (
    *(Column(name, "ave", category=name) for name in ("Nature", "Social Events", "Misc")),
    Column("Overall", "ave"),
)
MVVA = (Column("MVVA", "mvva"),)

VINET = System("ViNet", ("ViNet",), "vinet")
AVINET_B = System("AViNet(B)", ("AViNet(B)",), "avinet_b")
AVINET_C = System("AViNet(C)", ("AViNet(C)",), "avinet_c")
AVINET_A = System("AViNet(A)", ("AViNet(A)",), "avinet_a")
AVINET_RNA = System("AViNet(RNA)", ("AViNet(RNA)",), "avinet_rna")
AVINET = replace(AVINET_B, row="AViNet")
AVINET_0 = System("AViNet-0", ("AViNet-0",), "avinet_b", audio=ZERO)
AVINET_R = System("AViNet-R", ("AViNet-R", "AViNet-0"), "avinet_b", audio=NORMAL)
VINET_D = System("ViNet-D", ("ViNet-D", "ViNet, dropout 0.85"), "vinet_d85")
ST = System("STAViS(ST)", ("STAViS(ST)",), "stavis_st")
STA = System("STAViS(STA)", ("STAViS(STA)", "STAViS"), "stavis_sta")
MEP = System("MEP", ("MEP",), baseline="MEP")
BASELINES = (
    System("centre Gaussian", baseline="centre Gaussian"),
    System("spectral residual", baseline="spectral residual"),
    System("fine-grained saliency", baseline="fine-grained saliency"),
)
ALL_BASELINES = (MEP, *BASELINES)


def theirs(*names: str) -> tuple[System, ...]:
    """Return rows of others' networks, of which there are published scores only."""
    return tuple(System(name, (name,)) for name in names)
