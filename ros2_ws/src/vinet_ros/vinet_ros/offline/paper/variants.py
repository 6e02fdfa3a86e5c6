# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The networks that the tables compare, each as it is trained, and the data they train on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

# Names of vinet_ros.streaming.audio_regimes, whose import takes PyTorch: a list of tables shall
# not wait for it.
REAL, ZERO, NORMAL, WOLFRAM, SHUFFLED = "real", "zero", "normal", "wolfram", "shuffled"

_ANY_SIZE = ("concat", "attention")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Group:
    """Data that train one network together.

    Attributes:
        name: In the names of runs.
        title: For people.
        sets: Names of the video sets.
        folds: Each trains a network of its own; empty where there is one split.
        fold: Of the sets, where only one of their folds is taken.
    """

    name: str
    title: str
    sets: tuple[str, ...]
    folds: tuple[str, ...] = ()
    fold: str = "1"


@dataclass(frozen=True, slots=True)
class Variant:
    """One network with the training that makes it.

    Attributes:
        name: In the names of runs and weight files.
        model: Name in the catalog.
        options: Of the network.
        training: What its training changes of the recipe: fields of
            :class:`~vinet_ros.training.recipes.Wishes`.
        files: Public weight files of it, by the group that they were trained on.
    """

    name: str
    model: str
    options: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    training: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    files: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def any_size(self) -> bool:
        """Whether it takes clips of other sizes than 224 x 384; STAViS has a size of its own."""
        fusion = self.options.get("fusion", "bilinear")
        return self.model == "vinet" or (self.model == "avinet" and fusion in _ANY_SIZE)


@dataclass(frozen=True, slots=True)
class Start:
    """What a training begins with.

    Attributes:
        encoder: Public file of the encoder of what is seen; empty for none.
        hearing: Public file of the encoder of what is heard; empty for none.
        of: Variant and group whose trained network it begins with; None for none.
        as_visual: Whether that network becomes the visual part only.
    """

    encoder: str = ""
    hearing: str = ""
    of: tuple[str, str] | None = None
    as_visual: bool = False


GROUPS = {
    group.name: group
    for group in (
        Group("dhf1k", "DHF1K", ("dhf1k",)),
        Group("hollywood2", "Hollywood-2", ("hollywood2",)),
        Group("ucf_sports", "UCF-Sports", ("ucf_sports",)),
        Group(
            "sound",
            "the six sets with sound",
            ("diem", "coutrot1", "coutrot2", "avad", "etmd", "summe"),
            ("1", "2", "3"),
        ),
        Group("ave", "AVE", ("ave",)),
        Group("mvva", "MVVA", ("mvva",)),
    )
}
"""By name. The sets with sound train together, one network a fold, as the authors' code has it."""

GROUP_OF_SET = {name: group.name for group in GROUPS.values() for name in group.sets}

_DROPOUTS = ("0.80", "0.85", "0.90")

VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(
            "vinet",
            "vinet",
            files={"dhf1k": "ViNet_DHF1K.pt", "hollywood2": "ViNet_Hollywood.pt"},
        ),
        *(Variant(f"vinet_t{length}", "vinet", {"clip_length": length}) for length in (8, 16, 48)),
        *(Variant(f"vinet_hier{n}", "vinet", {"hierarchies": n}) for n in (0, 1, 2)),
        Variant("vinet_transposed", "vinet", {"upsampling": "transposed"}),
        Variant("vinet_channel", "vinet", {"concat": "channel"}),
        *(Variant(f"vinet_d{d[2:]}", "vinet", {"dropout": float(d)}) for d in _DROPOUTS),
        *(Variant(f"vinet_black{n}", "vinet", {}, {"black_frames": n}) for n in (4, 8, 16)),
        Variant("avinet_b", "avinet", files={"ave": "AViNet_Dave.pt"}),
        Variant("avinet_c", "avinet", {"fusion": "concat"}),
        Variant("avinet_a", "avinet", {"fusion": "attention"}),
        Variant("avinet_rna", "avinet", {}, {"loss": {"rna": 1.0}}),
        Variant("avinet_vggvox", "avinet", {"audio": "vggvox", "fusion": "concat"}),
        Variant("avinet_avid", "avinet", {"audio": "avid", "fusion": "concat"}),
        Variant("avinet_random", "avinet", {}, {"audio": NORMAL}),
        Variant("avinet_wolfram", "avinet", {}, {"audio": WOLFRAM}),
        Variant("avinet_shuffled", "avinet", {}, {"audio": SHUFFLED}),
        Variant("avinet_noise", "avinet", {}, {"audio": NORMAL, "audio_std": 0.1}),
        Variant(
            "stavis_st",
            "stavis",
            {"variant": "st"},
            files={"sound": "visual_split{fold}_save_60.pth"},
        ),
        Variant(
            "stavis_sta",
            "stavis",
            {"variant": "sta"},
            files={"sound": "audiovisual_split{fold}_save_60.pth"},
        ),
        *(
            Variant(f"stavis_d{d[2:]}", "stavis", {"variant": "st", "dropout": float(d)})
            for d in _DROPOUTS
        ),
    )
}
"""By name."""

ENCODER_FILES = {"vinet": "S3D_kinetics400.pt", "stavis": "resnet-50-kinetics.pth"}
"""Public file of the encoder of what is seen, by network."""

HEARING_FILES = {
    "soundnet": "soundnet8_final.pth",
    "vggvox": "VGGM300_BEST_140_81.99.pth",
    "avid": "AVID_Kinetics_Cross-N1024_checkpoint.pth.tar",
    "stavis": "soundnet8.pth",
}
"""Public file of the encoder of what is heard, by its name in AViNet, and that of STAViS."""


def start_of(variant: Variant, group: Group) -> Start:
    """Return what a variant's training on a group begins with.

    ViNet and its like: on DHF1K with the Kinetics encoder, elsewhere with the plain ViNet of
    DHF1K. AViNet: with that as its visual part. STAViS: "st" with its Kinetics encoder, "sta" with
    "st" of the same data.
    """
    if variant.model == "stavis":
        if variant.options["variant"] == "st":
            return Start(encoder=ENCODER_FILES["stavis"])
        return Start(hearing=HEARING_FILES["stavis"], of=("stavis_st", group.name))
    if variant.model == "avinet":
        hearing = HEARING_FILES[str(variant.options.get("audio", "soundnet"))]
        return Start(hearing=hearing, of=("vinet", "dhf1k"), as_visual=True)
    if group.name == "dhf1k":
        return Start(encoder=ENCODER_FILES["vinet"])
    return Start(of=("vinet", "dhf1k"))


def run_name(variant: Variant, group: Group, fold: str = "", sets: tuple[str, ...] = ()) -> str:
    """Return the name of a run and of the weight file that would stand in for it.

    Args:
        variant: The network.
        group: What it trains on.
        fold: Of a group with folds.
        sets: Of the group, where not all of it trains.

    >>> run_name(VARIANTS["vinet"], GROUPS["sound"], "2")
    'vinet_on_sound_fold2'
    """
    part = f"_{'+'.join(sets)}" if sets and sets != group.sets else ""
    return f"{variant.name}_on_{group.name}{part}" + (f"_fold{fold}" if fold else "")
