# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""One network for several users: who waits for whom, who pays for a failure, who closes it."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from window_reader import WindowReader, slot_values

from vinet_ros.errors import WeightsError
from vinet_ros.runtime import SharedNetworks
from vinet_ros.runtime.torch_executor import TorchExecutor

PATIENCE_S = 30


@dataclass(slots=True, eq=False)
class Moment:
    frame: np.ndarray
    kept: object = None


class Turnstile(WindowReader):
    """Decodes once for each ``go_on.release()``, and notes the size of each batch."""

    def __init__(self):
        super().__init__()
        self.sizes, self.go_on, self.begun = [], threading.Semaphore(0), threading.Semaphore(0)

    def decode(self, features):
        self.sizes.append(features[0].shape[0])
        self.begun.release()
        assert self.go_on.acquire(timeout=PATIENCE_S)
        return super().decode(features)


class Narrow(WindowReader):
    """Has memory for so many windows at once, and breaks on black ones."""

    def __init__(self, room):
        super().__init__()
        self.room, self.sizes = room, []

    def decode(self, features):
        self.sizes.append(features[0].shape[0])
        if self.sizes[-1] > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory\nand much more")
        if float(features[0].max()) < 1e-6:
            raise RuntimeError("black")
        return super().decode(features)


def window(value):
    return [Moment(np.full((8, 16, 3), value, np.uint8))] * 4


def shares(model, users, batches=4):
    networks = SharedNetworks()
    made = [
        networks.share("reader", lambda: TorchExecutor(model, batches=batches), user)
        for user in users
    ]
    return networks, made


class Asking(threading.Thread):
    """Asks a share for its newest window's map, in a thread of its own."""

    def __init__(self, share, take):
        super().__init__(daemon=True)
        self.share, self.take, self.got, self.error = share, take, None, None
        self.start()

    def run(self):
        try:
            self.got = self.share.predict_newest(self.take)
        except Exception as error:
            self.error = error

    def values(self):
        self.join(PATIENCE_S)
        assert not self.is_alive()
        assert self.error is None, self.error
        return slot_values(self.got.values)


def wait_for_row(share, length):
    """Wait until so many stand in the row before the network."""
    network = share._network
    with network._changed:
        assert network._changed.wait_for(lambda: len(network._row) == length, PATIENCE_S)


@pytest.fixture
def joined(monkeypatch):
    """Let a thread that joins a row tell of it."""
    from vinet_ros.runtime import shared

    class Telling(shared.deque):
        def append(self, item):
            super().append(item)
            self.condition.notify_all()

    plain = shared._Network.__init__

    def init(self, executor):
        plain(self, executor)
        self._row = Telling()
        self._row.condition = self._changed

    monkeypatch.setattr(shared._Network, "__init__", init)


def test_one_network_however_many_users(joined):
    networks, (left, right) = shares(WindowReader(), ["left", "right"])
    assert len(networks) == 1
    other = networks.share("other", lambda: TorchExecutor(WindowReader()), "third")
    assert len(networks) == 2
    assert other.sharing.users == ("third",)
    assert left.sharing.users == right.sharing.users == ("left", "right")
    assert (left.clip_length, left.input_size, left.device) == (4, (8, 16), "cpu")


def test_who_waits_while_the_network_is_busy_goes_together_with_the_newest(joined):
    model = Turnstile()
    _, (a, b, c, d) = shares(model, "abcd")
    first = Asking(a, lambda: window(10))
    assert model.begun.acquire(timeout=PATIENCE_S)
    newest = {"b": 20, "c": 30, "d": 40}
    waiting = [
        Asking(b, lambda: window(newest["b"])),
        Asking(c, lambda: window(newest["c"])),
        Asking(d, lambda: None),  # no window yet
    ]
    wait_for_row(a, 3)
    newest.update(b=25)  # came while b waited
    model.go_on.release()
    assert first.values() == [10] * 4
    model.go_on.release()
    assert [asking.values() for asking in waiting[:2]] == [[25] * 4, [30] * 4]
    waiting[2].join(PATIENCE_S)
    assert (waiting[2].got, waiting[2].error) == (None, None)
    assert model.sizes == [1, 2]
    sharing = b.sharing
    assert (sharing.mean_batch, sharing.largest_batch, sharing.limit) == (1.5, 2, 4)
    assert sharing.wait_p50_ms > 0


@pytest.mark.parametrize("batches", [1, 2])
def test_nobody_is_passed_over(joined, batches):
    model = Turnstile()
    _, users = shares(model, "abcd", batches)
    done = []

    def asking(k):
        def take():
            done.append(k)
            return window(10 * k)

        return Asking(users[k], take)

    first = asking(0)
    assert model.begun.acquire(timeout=PATIENCE_S)
    rest = []
    for k in (1, 2, 3):
        rest.append(asking(k))
        wait_for_row(users[0], k)
    model.go_on.release()
    first.join(PATIENCE_S)
    eager = asking(0)  # at once again: it comes last
    wait_for_row(users[0], 4 - batches)
    for _ in range(4):
        model.go_on.release()
    for thread in (*rest, eager):
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert done == [0, 1, 2, 3, 0]
    assert max(model.sizes) == batches


def test_a_batch_that_fails_costs_nobody_a_map_and_makes_batches_smaller():
    model = Narrow(room=1)
    _, users = shares(model, "abcd")
    network = users[0]._network
    for _ in range(3):
        requests = batch_of(network, users)
        assert [slot_values(r.prediction.values) for r in requests] == [[9] * 4] * 4
    assert model.sizes == [4, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert users[0].sharing.limit == 1
    assert users[0].sharing.reason == "2 together failed: CUDA out of memory"


def batch_of(network, users):
    """Serve a window of every user, as many together as the network lets."""
    from vinet_ros.runtime.shared import _Request

    requests = [_Request(lambda: window(9)) for _ in users]
    for k in range(0, len(requests), size := network.executor.batches):
        network.serve(requests[k : k + size])
    return requests


def test_what_fails_alone_fails_for_its_own_user_only(joined):
    model = Narrow(room=4)
    _, (bad, good) = shares(model, ["bad", "good"])
    hold = threading.Event()
    held = Asking(good, lambda: hold.wait(PATIENCE_S) and window(50))
    failing = Asking(bad, lambda: window(0))
    wait_for_row(bad, 1)
    hold.set()
    assert held.values() == [50] * 4
    failing.join(PATIENCE_S)
    assert str(failing.error) == "black"
    assert slot_values(good.predict_newest(lambda: window(60)).values) == [60] * 4

    def broken():
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        bad.predict_newest(broken)
    assert slot_values(bad.predict_newest(lambda: window(70)).values) == [70] * 4


def test_single_steps_take_their_turn(joined):
    model = Turnstile()
    _, (a, b) = shares(model, "ab")
    first = Asking(a, lambda: window(10))
    assert model.begun.acquire(timeout=PATIENCE_S)
    kept = []
    thread = threading.Thread(target=lambda: kept.append(b.encode(window(30)[0].frame)))
    thread.start()
    wait_for_row(b, 1)
    assert not kept
    model.go_on.release()
    thread.join(PATIENCE_S)
    assert first.values() == [10] * 4
    model.go_on.release()
    assert slot_values(b.predict(kept * 4)) == [30] * 4


def test_the_last_one_closes_it():
    networks, (left, right) = shares(WindowReader(), ["left", "right"])
    left.close()
    left.close()
    assert right.sharing.users == ("right",)
    assert slot_values(right.predict_newest(lambda: window(5)).values) == [5] * 4
    executor = right._network.executor
    assert executor._model is not None
    right.close()
    assert executor._model is None
    assert len(networks) == 0
    again = networks.share("reader", lambda: TorchExecutor(WindowReader()), "left")
    assert slot_values(again.predict_newest(lambda: window(6)).values) == [6] * 4


def test_a_network_that_cannot_be_built_is_tried_again_by_the_next():
    networks = SharedNetworks()

    def missing():
        raise WeightsError("no such file")

    with pytest.raises(WeightsError):
        networks.share("reader", missing, "left")
    assert len(networks) == 0
    share = networks.share("reader", lambda: TorchExecutor(WindowReader()), "right")
    assert share.sharing.users == ("right",)


def test_users_that_come_at_once_build_it_once():
    networks, built, made = SharedNetworks(), [], []
    go = threading.Barrier(4)

    def make():
        built.append(threading.current_thread())
        return TorchExecutor(WindowReader())

    def come(user):
        go.wait(PATIENCE_S)
        made.append(networks.share("reader", make, user))

    threads = [threading.Thread(target=come, args=(user,)) for user in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(built) == 1
    assert sorted(made[0].sharing.users) == list("abcd")


def test_many_users_under_load_get_their_own_maps():
    _, users = shares(WindowReader(), [str(k) for k in range(4)])
    failures = []

    def work(k):
        for round_ in range(50):
            value = (50 * k + round_) % 250
            got = users[k].predict_newest(lambda value=value: window(value))
            if slot_values(got.values) != [value] * 4:
                failures.append((k, value, slot_values(got.values)))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    assert not failures
