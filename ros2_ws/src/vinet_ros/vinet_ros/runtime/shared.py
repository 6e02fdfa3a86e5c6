# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One network for several cameras: they wait in a row, and go together where that pays."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median

import numpy as np
import numpy.typing as npt

from vinet_ros.runtime.base import (
    Executor,
    Kept,
    Prediction,
    Sharing,
    TakeWindow,
    Window,
)
from vinet_ros.runtime.traits import Values

_RECENT = 100


class SharedNetworks:
    """The networks of a process, each there once however many users it has; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[Hashable, _Place] = {}

    def __len__(self) -> int:
        """Return how many networks there are."""
        with self._lock:
            return len(self._places)

    def share(self, key: Hashable, make: Callable[[], Executor], user: str) -> SharedExecutor:
        """Return a user's share of a network; closing the last share closes the network.

        Users of the same key wait while the first one builds it. Where that fails, the next one
        tries again.

        Args:
            key: All that makes two networks the same: weights, options, device, precision.
            make: Builds the network; its ``batches`` says how many windows may go together.
            user: Name for people.

        Raises:
            Exception: What `make` raises.
        """
        with self._lock:
            place = self._places.setdefault(key, _Place())
            place.claims += 1
        try:
            with place.building:
                if place.network is None:
                    place.network = _Network(make())
        except BaseException:
            self._give_up(key, place)
            raise
        return SharedExecutor(place.network, user, lambda: self._give_up(key, place))

    def _give_up(self, key: Hashable, place: _Place) -> None:
        with self._lock:
            place.claims -= 1
            if place.claims:
                return
            del self._places[key]
        if place.network is not None:
            place.network.executor.close()


class SharedExecutor(Executor):
    """A user's share of a network that others use too, each from a thread of its own.

    Who comes while the network is busy waits in a row. When it becomes free, the first of the
    row takes along as many behind it as may go together, and only then are the windows looked
    at: each user's newest. So nobody waits for company, nor for more than one window of each
    other user.

    An error in a batch is nobody's in particular: its windows are run again one by one, and from
    then on fewer go together. What fails alone fails for its own user only.

    Args:
        network: The network.
        user: Name for people.
        give_up: Called once, when this share is closed.
    """

    def __init__(self, network: _Network, user: str, give_up: Callable[[], None]) -> None:
        shared = network.executor
        super().__init__(shared.traits, shared.name, shared.device, shared.reason)
        self._network = network
        self._user = user
        self._give_up: Callable[[], None] | None = give_up
        self._waits_s: deque[float] = deque(maxlen=_RECENT)
        network.join(user)

    @property
    def sharing(self) -> Sharing:
        """How the users get along."""
        waits_s = list(self._waits_s)
        return self._network.sharing(1e3 * median(waits_s) if waits_s else None)

    def encode(self, frame: npt.NDArray[np.uint8]) -> Kept:
        """Return what is kept of one frame."""
        with self._network.turn(_Request()):
            return self._network.executor.encode(frame)

    def predict(
        self,
        slots: Sequence[Kept],
        sound: Values | None = None,
        motion: Values | None = None,
    ) -> Values:
        """Return the map (h, w) of ``clip_length`` kept frames, oldest first."""
        with self._network.turn(_Request()):
            return self._network.executor.predict(slots, sound, motion)

    def predict_newest(self, take: TakeWindow) -> Prediction | None:
        """Return the map of the window that there is when the network gets to it."""
        request = _Request(take)
        came_s = time.monotonic()
        with self._network.turn(request) as batch:
            if batch:
                self._network.serve(batch)
        self._waits_s.append(request.start_s - came_s)
        error, request.error = request.error, None
        if error is not None:
            raise error
        return request.prediction

    def close(self) -> None:
        """Leave the network to the others; the last one closes it."""
        give_up, self._give_up = self._give_up, None
        if give_up is not None:
            self._network.leave(self._user)
            give_up()


@dataclass(slots=True, eq=False)
class _Place:
    """Where a network is, or will be, and how many hold on to it."""

    claims: int = 0
    network: _Network | None = None
    building: threading.Lock = field(default_factory=threading.Lock)


@dataclass(slots=True, eq=False)
class _Request:
    """A user's turn, and what came of it; without `take` it goes alone."""

    take: TakeWindow | None = None
    served: bool = False
    start_s: float = 0.0
    window: Window | None = None
    prediction: Prediction | None = None
    error: Exception | None = None


class _Network:
    """An executor, the row before it, and its users."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._reason = executor.batches_reason
        self._changed = threading.Condition()  # guards all below
        self._row: deque[_Request] = deque()
        self._busy = False
        self._users: list[str] = []
        self._sizes: deque[int] = deque(maxlen=_RECENT)
        self._largest = 0

    def join(self, user: str) -> None:
        with self._changed:
            self._users.append(user)

    def leave(self, user: str) -> None:
        with self._changed:
            self._users.remove(user)

    def sharing(self, wait_p50_ms: float | None) -> Sharing:
        with self._changed:
            return Sharing(
                users=tuple(self._users),
                limit=self.executor.batches,
                reason=self._reason,
                mean_batch=fmean(self._sizes) if self._sizes else 0.0,
                largest_batch=self._largest,
                wait_p50_ms=wait_p50_ms,
            )

    @contextmanager
    def turn(self, request: _Request) -> Iterator[list[_Request]]:
        """Wait for a turn; give the requests to serve, or none when another has served this one.

        Leaving it makes the network free for the next.
        """
        with self._changed:
            self._row.append(request)
            self._changed.wait_for(lambda: request.served or self._is_next(request))
            batch = [] if request.served else self._leave_row()
            self._busy = self._busy or bool(batch)
        try:
            yield batch
        finally:
            if batch:
                with self._changed:
                    for one in batch:
                        one.served = True
                    self._busy = False
                    self._changed.notify_all()

    def serve(self, batch: Sequence[_Request]) -> None:
        """Predict each request's newest window; whatever fails is in the request."""
        for request in batch:
            _look(request)
        ready = [request for request in batch if request.window is not None]
        if not ready:
            return
        with self._changed:
            self._sizes.append(len(ready))
            self._largest = max(self._largest, len(ready))
        if len(ready) > 1 and self._predict_together(ready):
            return
        for request in ready:
            try:
                self._predict([request])
            except Exception as error:
                request.error = error  # raised again in its user's thread

    def _is_next(self, request: _Request) -> bool:
        return not self._busy and self._row[0] is request

    def _leave_row(self) -> list[_Request]:
        batch = [self._row.popleft()]
        while (
            self._row
            and len(batch) < self.executor.batches
            and all(request.take for request in (batch[0], self._row[0]))
        ):
            batch.append(self._row.popleft())
        return batch

    def _predict_together(self, requests: Sequence[_Request]) -> bool:
        """Return whether it went well; fewer go together after it did not."""
        try:
            self._predict(requests)
        except Exception as error:
            first_line = str(error).partition("\n")[0]
            with self._changed:
                self.executor.batches = len(requests) // 2
                self._reason = f"{len(requests)} together failed: {first_line}"
            # Not from here on: the error's trace still holds the memory of what failed.
            return False
        return True

    def _predict(self, requests: Sequence[_Request]) -> None:
        windows = [request.window for request in requests if request.window is not None]
        maps = self.executor.predict_windows(windows)
        for request, window, values in zip(requests, windows, maps, strict=True):
            request.prediction = Prediction(window, values)


def _look(request: _Request) -> None:
    request.start_s = time.monotonic()
    assert request.take is not None
    try:
        request.window = request.take()
    except Exception as error:
        request.error = error  # raised again in its user's thread
