# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The package's own tiny video data sets, under the name that tests know them by."""

from vinet_ros.training.datasets.made_trees import (
    SIZE,
    fixated,
    picture,
    saliency,
    save_mat,
    save_picture,
    square_at,
    write_ave,
    write_dhf1k,
    write_hollywood2,
    write_list,
    write_mvva,
    write_sound_set,
    write_sound_video,
    write_ucf_sports,
    write_visual,
)

__all__ = [
    "SIZE",
    "fixated",
    "picture",
    "saliency",
    "save_mat",
    "save_picture",
    "square_at",
    "write_ave",
    "write_dhf1k",
    "write_hollywood2",
    "write_list",
    "write_mvva",
    "write_sound_set",
    "write_sound_video",
    "write_ucf_sports",
    "write_visual",
]
