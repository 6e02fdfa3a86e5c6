# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Callbacks that cannot take the process down with them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

Callback = Callable[..., Any]


def guarded(callback: Callback, name: str, on_error: Callable[[str, Exception], None]) -> Callback:
    """Return a callback that hands its errors on instead of raising them.

    In rclpy an error of one callback ends the spinning of all of them.

    Args:
        callback: What rclpy is to call; its signature is kept, rclpy looks at it.
        name: What it is, for the message.
        on_error: Takes the name and the error, in the callback's thread.

    Returns:
        The callback; after an error it returns its last argument, which is the response where
        it serves a service.
    """

    @wraps(callback)
    def call(*arguments: Any) -> Any:
        try:
            return callback(*arguments)
        except Exception as error:  # handed on whole, to be logged, counted and shown
            on_error(name, error)
            return _refused(arguments, name, error)

    return call


def _refused(arguments: tuple[Any, ...], name: str, error: Exception) -> Any:
    """Return the response of a service whose callback failed, saying so where it has words."""
    response: Any = arguments[-1] if arguments else None
    if hasattr(response, "success") and hasattr(response, "message"):
        response.success = False
        response.message = f"{name} failed: {type(error).__name__}: {error}"
    return response
