# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Every table of the ViNet paper (IROS 2021) and of the thesis (2023) that followed it."""

from __future__ import annotations

from dataclasses import replace

from vinet_ros.offline.paper.tables import LIKENESS, NORMS, Column, System, Table
from vinet_ros.offline.paper.variants import NORMAL, SHUFFLED, WOLFRAM, ZERO

_FIVE = ("CC", "sAUC", "AUC", "NSS", "SIM")
_DHF1K_VAL = Column("DHF1K, val", "dhf1k", "val")
_SHOTS = (Column("Hollywood-2", "hollywood2"), Column("UCF-Sports", "ucf_sports"))
_COUTROT2 = Column("Coutrot2", "coutrot2")
_SOUND = (
    Column("DIEM", "diem"),
    Column("Coutrot1", "coutrot1"),
    _COUTROT2,
    Column("AVAD", "avad"),
    Column("ETMD", "etmd"),
    Column("SumMe", "summe"),
)
_CATEGORIES = (("Nature", "Nature"), ("Social Events", "Social Events"), ("Misc", "Misc"))
_AVE = (
    *(Column(title, "ave", category=category) for title, category in _CATEGORIES),
    Column("Overall", "ave"),
)
_MVVA = (Column("MVVA", "mvva"),)

_VINET = System("ViNet", ("ViNet",), "vinet")
_AVINET_B = System("AViNet(B)", ("AViNet(B)",), "avinet_b")
_AVINET_C = System("AViNet(C)", ("AViNet(C)",), "avinet_c")
_AVINET_A = System("AViNet(A)", ("AViNet(A)",), "avinet_a")
_AVINET_RNA = System("AViNet(RNA)", ("AViNet(RNA)",), "avinet_rna")
_AVINET = replace(_AVINET_B, row="AViNet")
_AVINET_0 = System("AViNet-0", ("AViNet-0",), "avinet_b", audio=ZERO)
_AVINET_R = System("AViNet-R", ("AViNet-R", "AViNet-0"), "avinet_b", audio=NORMAL)
_VINET_D = System("ViNet-D", ("ViNet-D", "ViNet, dropout 0.85"), "vinet_d85")
_ST = System("STAViS(ST)", ("STAViS(ST)",), "stavis_st")
_STA = System("STAViS(STA)", ("STAViS(STA)", "STAViS"), "stavis_sta")
_MEP = System("MEP", ("MEP",), baseline="MEP")
_BASELINES = (
    System("centre Gaussian", baseline="centre Gaussian"),
    System("spectral residual", baseline="spectral residual"),
    System("fine-grained saliency", baseline="fine-grained saliency"),
)
_ALL_BASELINES = (_MEP, *_BASELINES)


def _theirs(*names: str) -> tuple[System, ...]:
    """Return rows of others' networks, of which there are published scores only."""
    return tuple(System(name, (name,)) for name in names)


def _clip_length(frames: int) -> System:
    variant = "vinet" if frames == 32 else f"vinet_t{frames}"
    return System(f"T = {frames}", (f"ViNet, T = {frames}",), variant)


def _blacked(frames: int) -> System:
    return System(f"ViNet-{frames}", (f"ViNet-{frames}",), f"vinet_black{frames}")


def _dropped(model: str, share: str) -> System:
    variant = f"{'vinet' if model == 'ViNet' else 'stavis'}_d{share[2:]}"
    return System(f"{model}, dropout {share}", (f"{model}, dropout {share}",), variant)


def _synthetic(kind: str, regime: str) -> System:
    """Return a row whose network is trained and evaluated with the same sound."""
    return System(f"ViNet_{kind}", (f"ViNet {kind}",), f"avinet_{kind.lower()}", audio=regime)


_NOISE = "AViNet hears normal noise of deviation 0.1, in training and evaluation."
_ABLATION = "Rows without published scores are the ablation's other steps."
_ENCODERS = (
    "AViNet with VGG-Vox or AVID joins by concatenation; the thesis does not name its fusion."
)

_PAPER = (
    Table(
        "I",
        "paper",
        "clip size T, DHF1K validation",
        (*(_clip_length(frames) for frames in (8, 16, 32, 48)), *_ALL_BASELINES),
        (_DHF1K_VAL,),
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
            *_ALL_BASELINES,
        ),
        (_DHF1K_VAL,),
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
            *_ALL_BASELINES,
        ),
        (_DHF1K_VAL,),
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
            *_theirs("SALEMA", "ACLNet", "STRA-Net", "SALSAC", "TASED-Net", "UNISAL"),
            _VINET,
            *_ALL_BASELINES,
        ),
        (Column("DHF1K, test (ours: val)", "dhf1k", "test", scored="val"), *_SHOTS),
        _FIVE,
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
            *_theirs("ACLNet", "TASED-Net"),
            replace(_STA, row="STAViS", published=("STAViS",)),
            System("ViNet(NF)", ("ViNet(NF)",), "vinet", "dhf1k"),
            _VINET,
            _AVINET_B,
            _AVINET_C,
            *_ALL_BASELINES,
        ),
        _SOUND,
        _FIVE,
    ),
    Table(
        "V",
        "paper",
        "AVE by category",
        (
            System("HI", ("HI",), baseline="HI, leave one out"),
            replace(_AVINET, published=("AViNet",)),
            _VINET,
            *_theirs("DAVE", "ACLNet*"),
            _MEP,
            *_BASELINES,
        ),
        _AVE,
        _FIVE,
        notes=("The paper does not say which AViNet this is: it is AViNet(B) here.",),
    ),
    Table(
        "VI",
        "paper",
        "likeness of maps with real and with zero sound, Coutrot2",
        (_AVINET_B, _AVINET_C, replace(_STA, row="STAViS", published=("STAViS",))),
        (_COUTROT2,),
        ("CC", "SIM"),
        LIKENESS,
        notes=("Means over a video's windows, then over videos; the paper does not say.",),
    ),
)

_THESIS = (
    Table(
        "5.1",
        "thesis",
        "zero and random sound at inference",
        (
            _ST,
            _STA,
            System("STAViS(STA-0)", ("STAViS(STA-0)",), "stavis_sta", audio=ZERO),
            System("STAViS(STA-R)", ("STAViS(STA-R)",), "stavis_sta", audio=NORMAL),
            _VINET,
            _AVINET,
            _AVINET_0,
            _AVINET_R,
            *_ALL_BASELINES,
        ),
        _SOUND,
        _FIVE,
        notes=("Random sound is normal noise with the deviation of the window's own sound.",),
    ),
    Table(
        "5.2",
        "thesis",
        "AViNet with different sound encoders",
        (
            _VINET,
            replace(_AVINET_B, row="AViNet, SoundNet"),
            System("AViNet, VGG-Vox", ("AViNet VGG-Vox",), "avinet_vggvox"),
            System("AViNet, AVID", ("AViNet AVID",), "avinet_avid"),
            *_ALL_BASELINES,
        ),
        _SOUND,
        _FIVE,
        notes=(_ENCODERS,),
    ),
    Table(
        "5.3",
        "thesis",
        "AViNet with different fusions",
        (_VINET, _AVINET_B, _AVINET_C, _AVINET_A, _AVINET_RNA, *_ALL_BASELINES),
        _SOUND,
        _FIVE,
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
        _SOUND,
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
        (_VINET, _AVINET, *(_blacked(frames) for frames in (4, 8, 16)), *_ALL_BASELINES),
        _SOUND,
        _FIVE,
        notes=("Black frames are drawn alike, the newest among them, in training only.",),
    ),
    Table(
        "5.6",
        "thesis",
        "dropout rate, Coutrot2",
        (
            *(_dropped(m, s) for s in ("0.80", "0.85", "0.90") for m in ("STAViS", "ViNet")),
            *_ALL_BASELINES,
        ),
        (_COUTROT2,),
        _FIVE,
        notes=("The layer that drops is not named: here it is the deepest feature.",),
    ),
    Table(
        "5.7",
        "thesis",
        "regularised models, dropout 0.85",
        (
            _ST,
            _STA,
            System("STAViS(STD)", ("STAViS(STD)",), "stavis_d85"),
            _VINET,
            _AVINET,
            _VINET_D,
            *_ALL_BASELINES,
        ),
        _SOUND,
        _FIVE,
        notes=("The layer that drops is not named: here it is the deepest feature.",),
    ),
    Table(
        "5.8",
        "thesis",
        "MVVA",
        (
            _AVINET_B,
            _AVINET_0,
            replace(_AVINET_R, published=("AViNet-R",)),
            _AVINET_A,
            _AVINET_RNA,
            _VINET_D,
            System("AViNet, VGG-Vox", ("AViNet VGG",), "avinet_vggvox"),
            System("AViNet, AVID", ("AViNet Avid",), "avinet_avid"),
            *_ALL_BASELINES,
        ),
        _MVVA,
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
            _VINET,
            replace(_AVINET_B, row="AViNet-B"),
            replace(_AVINET_C, row="AViNet-C"),
            _synthetic("random", NORMAL),
            _synthetic("Wolfram", WOLFRAM),
            _synthetic("shuffled", SHUFFLED),
            *_ALL_BASELINES,
        ),
        _SOUND,
        _FIVE,
        notes=(
            "The last three are AViNet(B) and hear in evaluation what they heard in training.",
        ),
    ),
    Table(
        "5.10",
        "thesis",
        "sets without sound",
        (
            _VINET,
            System("AViNet", ("AViNet",), "avinet_noise", audio=NORMAL, audio_std=0.1),
            _VINET_D,
            *_ALL_BASELINES,
        ),
        (_DHF1K_VAL, *_SHOTS),
        _FIVE,
        notes=(_NOISE,),
    ),
)

TABLES = {table.name: table for table in (*_PAPER, *_THESIS)}
"""By name, in the works' order."""


def find_table(name: str) -> Table:
    """Return a table by its name, whichever the case of its letters.

    Raises:
        ValueError: If there is none; the message names those there are.
    """
    for table in TABLES.values():
        if table.name.casefold() == name.casefold():
            return table
    raise ValueError(f"no table {name!r}; there are {', '.join(TABLES)} (`vinet paper list`)")
