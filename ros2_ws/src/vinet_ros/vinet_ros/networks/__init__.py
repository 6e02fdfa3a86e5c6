"""The saliency networks: one file an architecture, found by name."""

from vinet_ros.networks.catalog import ModelSpec, create_model, list_models, model_spec
from vinet_ros.networks.loading import load_kinetics_s3d, load_model

__all__ = [
    "ModelSpec",
    "create_model",
    "list_models",
    "load_kinetics_s3d",
    "load_model",
    "model_spec",
]
