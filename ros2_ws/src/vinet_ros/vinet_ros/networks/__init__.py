# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""The saliency networks: one file an architecture, found by name.

PyTorch is imported with the first network: whoever asks for names only need not wait for it.
"""

from typing import TYPE_CHECKING, Any

from vinet_ros.networks.catalog import ModelSpec, create_model, list_models, model_spec

if TYPE_CHECKING:
    from vinet_ros.networks.loading import load_kinetics_s3d, load_model

__all__ = [
    "ModelSpec",
    "create_model",
    "list_models",
    "load_kinetics_s3d",
    "load_model",
    "model_spec",
]


def __getattr__(name: str) -> Any:
    if name in ("load_kinetics_s3d", "load_model"):
        from vinet_ros.networks import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
