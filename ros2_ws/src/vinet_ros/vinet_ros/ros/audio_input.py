# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The audio subscriptions of an active node."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from vinet_ros.errors import SoundError, VinetError
from vinet_ros.ros.audio_messages import (
    INFO,
    PACKAGE,
    RAW,
    STAMPED_CHUNK,
    STAMPED_RAW,
    Chunk,
    SoundFormat,
    bytes_chunk,
    info_format,
    message_types,
    stamped_chunk,
)
from vinet_ros.ros.health import AudioHealth
from vinet_ros.ros.managed_node import ManagedNode
from vinet_ros.ros.qos import sensor_qos
from vinet_ros.ros.record import Record
from vinet_ros.ros.saliency_parameters import SaliencyParameters
from vinet_ros.ros.stamp_gate import MAX_FUTURE_NS
from vinet_ros.ros.voice_tracking import VoiceTracking
from vinet_ros.streaming.audio_chunk import ChunkKind

Push = Callable[[npt.NDArray[np.float32], int, int | None], ChunkKind]
_DEPTH = 50  # chunks that may wait: some drivers send a hundred a second
_AMONG_NS = 1_000_000_000
_LOOK_S = 0.5  # between two looks at who publishes what
_TOLD = {
    ChunkKind.GAP, ChunkKind.DUPLICATE, ChunkKind.OUT_OF_ORDER, ChunkKind.OVERLAP,
    ChunkKind.FUTURE, ChunkKind.PAST, ChunkKind.RESTARTED,
}  # fmt: skip


class AudioInput:
    """Subscribes to a microphone, in whichever of the two dialects, and hands on its sound.

    Nothing here raises for what others do: without a usable package, driver or message the
    node goes on with silence, and :meth:`health` says why.

    Args:
        node: The node that subscribes.
        settings: Gives the parameters of this moment.
        push: Takes samples (N, channels), rate and stamp; None: the network takes no sound.
        record: Where incidents are noted.
        voices: Takes the same to find out where it comes from.
    """

    def __init__(
        self,
        node: ManagedNode,
        settings: Callable[[], SaliencyParameters],
        push: Push | None,
        record: Record,
        voices: VoiceTracking | None = None,
    ) -> None:
        self._node, self._settings, self._push, self._record = node, settings, push, record
        self._voices = voices
        self._topic = str(node.resolve_topic_name("audio"))
        self._kinds: dict[str, Any] = {}
        self._kind = ""
        self._problem = ""
        self._format: SoundFormat | None = None
        self._told = False
        self._format_name = ""
        self._source = (0, 0)
        self._stamped_ns = -_AMONG_NS
        self._counts: Counter[str] = Counter()
        self._sound: Subscription[Any] | None = None
        self._info: Subscription[Any] | None = None
        self._timer: Any = None
        try:
            self._begin()
        except VinetError as error:
            self._give_up(str(error))

    def destroy(self) -> None:
        """Unsubscribe."""
        self._stop_looking()
        for subscription in (self._sound, self._info):
            if subscription is not None:
                self._node.destroy_subscription(subscription)
        self._sound = self._info = None

    def health(self) -> AudioHealth:
        """Return what is known of the topic."""
        infos = self._node.get_publishers_info_by_topic(self._topic)
        ours = f"{PACKAGE}/msg/{self._kind}" if self._kind else ""
        types = {str(info.topic_type) for info in infos}
        return AudioHealth(
            topic=self._topic,
            kind=self._kind,
            problem=self._problem,
            publishers=sum(str(info.topic_type) == ours for info in infos),
            other_types=tuple(sorted(types - {ours})),
            format_name=self._format_name,
            waits_for_info=self._kind in (RAW, STAMPED_RAW) and self._format is None,
            assumed=self._format is not None and not self._told,
            counts=dict(self._counts),
        )

    def _begin(self) -> None:
        settings = self._settings()
        self._kinds = message_types()
        if settings.audio_format:
            self._format = SoundFormat.parse(settings.audio_format)
        asked = settings.audio_type
        if asked != "auto":
            if asked not in self._kinds:
                raise VinetError(
                    f"audio_type is {asked}, but the {PACKAGE} that is installed has "
                    f"{', '.join(sorted(set(self._kinds) - {INFO}))}; set one of these, or auto"
                )
            self._subscribe(asked)
        elif STAMPED_CHUNK in self._kinds:
            self._subscribe(STAMPED_CHUNK)
        if INFO in self._kinds:
            self._listen_to_info(DurabilityPolicy.VOLATILE)
            self._look()
            look = self._node.guarded(self._look, "looking for a microphone")
            self._timer = self._node.create_timer(_LOOK_S, look)

    def _look(self) -> None:
        """Subscribe as the publishers publish, and stop when there is nothing left to learn."""
        node = self._node
        if not self._kind:
            types = [str(i.topic_type) for i in node.get_publishers_info_by_topic(self._topic)]
            names = [name.removeprefix(f"{PACKAGE}/msg/") for name in types]
            known = [name for name in names if name in (RAW, STAMPED_RAW)]
            if known:
                self._subscribe(known[0])
        # A driver tells the format once. Some keep it for those who come later: that is asked for
        # only where it is offered, else both sides would warn of each other.
        tellers = node.get_publishers_info_by_topic(str(node.resolve_topic_name("audio_info")))
        kept = DurabilityPolicy.TRANSIENT_LOCAL
        if not self._told and any(i.qos_profile.durability == kept for i in tellers):
            self._listen_to_info(kept)
        if self._kind and self._told:
            self._stop_looking()

    def _listen_to_info(self, durability: DurabilityPolicy) -> None:
        before, self._info = self._info, None
        if before is not None:
            if before.qos_profile.durability == durability:
                self._info = before
                return
            self._node.destroy_subscription(before)
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=durability)
        self._info = self._node.create_subscription(
            self._kinds[INFO], "audio_info", self._take_info, qos
        )

    def _stop_looking(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            self._node.destroy_timer(timer)

    def _subscribe(self, name: str) -> None:
        self._kind = name
        self._sound = self._node.create_subscription(
            self._kinds[name], "audio", self._take, sensor_qos(depth=_DEPTH)
        )

    def _take_info(self, info: Any) -> None:
        try:
            told = info_format(info)
        except SoundError as error:
            self._refuse(str(error))
            self._format, self._told = None, False
            self._problem = str(error)
            return
        self._format, self._told, self._problem = told, True, ""

    def _take(self, msg: Any) -> None:
        arrival_ns = int(self._node.get_clock().now().nanoseconds)
        try:
            chunk = self._chunk(msg)
            if chunk is None:
                return
            self._use(chunk, arrival_ns)
        except SoundError as error:
            self._refuse(str(error))

    def _chunk(self, msg: Any) -> Chunk | None:
        if self._kind == STAMPED_CHUNK:
            return stamped_chunk(msg)
        if self._format is None:
            self._counts["without_format"] += 1
            return None
        return bytes_chunk(msg, self._format)

    def _use(self, chunk: Chunk, arrival_ns: int) -> None:
        stamp_ns = chunk.stamp_ns
        if not stamp_ns or stamp_ns < 0:
            self._counts["unstamped"] += 1
            # One among others that are stamped follows the one before; else its arrival counts.
            alone = arrival_ns - self._stamped_ns < _AMONG_NS
            stamp_ns = None if alone or not arrival_ns else arrival_ns - chunk.length_ns
        elif arrival_ns and stamp_ns - arrival_ns > MAX_FUTURE_NS:
            self._counts["future"] += 1
            ahead_s = (stamp_ns - arrival_ns) / 1e9
            raise SoundError(
                f"sound is stamped {ahead_s:.1f} s ahead of the clock; synchronise the clocks"
            )
        else:
            self._stamped_ns = arrival_ns
        self._format_name = chunk.format_name
        if self._voices is not None:
            self._voices.push(chunk.samples, chunk.rate_hz, stamp_ns, chunk.frame_id)
        if self._push is not None:
            kind = self._push(chunk.samples, chunk.rate_hz, stamp_ns)
            if kind in _TOLD:
                self._complain(f"a chunk of sound {kind.value}", "audio order")
        self._note_source(chunk.rate_hz, chunk.samples.shape[1])

    def _note_source(self, rate_hz: int, channels: int) -> None:
        before, self._source = self._source, (rate_hz, channels)
        if before != (0, 0) and before != self._source:
            self._complain(
                f"the sound changed from {before[0]} samples a second of {before[1]} channels to "
                f"{rate_hz} of {channels}",
                "audio order",
            )

    def _refuse(self, text: str) -> None:
        self._counts["refused"] += 1
        self._complain(text)

    def _give_up(self, text: str) -> None:
        self._problem = text
        self._complain(text)

    def _complain(self, text: str, kind: str = "audio") -> None:
        if self._record.incident(kind, text):
            self._node.get_logger().warning(text)
