# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A run that ends in time, between two epochs, to go on another day."""

from __future__ import annotations

import time

import lightning
from lightning.pytorch.callbacks import Callback

_RESERVE = 1.2  # an epoch may take so many times as long as the longest before


class TimeLimit(Callback):
    """Ends a training after the last epoch that leaves no time for another.

    The first epoch of a run is always finished, however long it takes.

    Args:
        until_s: On :func:`time.monotonic`'s clock.

    Attributes:
        reached: Whether it has ended one.
    """

    def __init__(self, until_s: float) -> None:
        self.reached = False
        self._until_s = until_s
        self._longest_s = 0.0
        self._begun_s = time.monotonic()

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Begin to count the first epoch."""
        self._begun_s = time.monotonic()

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Ask for the end where another epoch would end too late."""
        now_s = time.monotonic()
        self._longest_s = max(self._longest_s, now_s - self._begun_s)
        self._begun_s = now_s
        if now_s + _RESERVE * self._longest_s > self._until_s:
            self.reached = trainer.should_stop = True
