# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""A viewer, as far as Foxglove's WebSocket protocol can tell; nothing but sockets."""

import base64
import json
import os
import socket
import struct
import threading
from collections import defaultdict
from typing import Any

PROTOCOL = "foxglove.sdk.v1"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_MESSAGE_DATA = 1


class Viewer:
    """Connects, reads what is advertised, subscribes; a thread collects what comes.

    Args:
        port: Of the server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            (
                f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n"
            ).encode()
        )
        self._file = self._socket.makefile("rb")
        status = self._file.readline()
        assert b" 101 " in status, status
        while self._file.readline().strip():
            pass
        self._socket.settimeout(None)
        self.server: dict[str, Any] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[bytes]] = defaultdict(list)
        self._topics: dict[int, str] = {}
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def subscribe(self, topic: str) -> None:
        """Ask for a channel's messages."""
        number = len(self._topics) + 1
        self._topics[number] = topic
        subscription = {"id": number, "channelId": self.channels[topic]["id"]}
        self._send_text({"op": "subscribe", "subscriptions": [subscription]})

    def unsubscribe(self, topic: str) -> None:
        """Ask for no more of a channel."""
        number = next(n for n, name in self._topics.items() if name == topic)
        self._send_text({"op": "unsubscribe", "subscriptionIds": [number]})

    def figures(self, topic: str) -> dict[str, float]:
        """Return the newest value of each figure of a JSON channel."""
        return {k: v for data in self.messages[topic] for k, v in json.loads(data).items()}

    def close(self) -> None:
        """Hang up."""
        self._send(_CLOSE, struct.pack(">H", 1000))
        self._socket.shutdown(socket.SHUT_WR)
        self._thread.join(30)
        self._file.close()
        self._socket.close()

    def _send_text(self, content: dict[str, Any]) -> None:
        self._send(_TEXT, json.dumps(content).encode())

    def _send(self, kind: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | kind]) + (
            bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        )
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def _collect(self) -> None:
        while (frame := self._frame()) is not None:
            kind, payload = frame
            if kind == _PING:
                self._send(_PONG, payload)
            elif kind == _TEXT:
                self._note(json.loads(payload))
            elif kind == _BINARY and payload[0] == _MESSAGE_DATA:
                number, _ = struct.unpack_from("<IQ", payload, 1)
                self.messages[self._topics[number]].append(payload[13:])

    def _note(self, content: dict[str, Any]) -> None:
        if content["op"] == "serverInfo":
            self.server = content
        elif content["op"] == "advertise":
            self.channels |= {channel["topic"]: channel for channel in content["channels"]}

    def _frame(self) -> tuple[int, bytes] | None:
        """Return the next whole message; None after the end."""
        kind, payload, last = 0, b"", False
        while not last:
            try:
                head = self._file.read(2)
            except (OSError, ValueError):
                return None
            if len(head) < 2 or head[0] & 0x0F == _CLOSE:
                return None
            last, kind = bool(head[0] & 0x80), head[0] & 0x0F or kind
            size = head[1] & 0x7F
            if size >= 126:
                wide = 2 if size == 126 else 8
                size = int.from_bytes(self._file.read(wide), "big")
            payload += self._file.read(size)
        return kind, payload
