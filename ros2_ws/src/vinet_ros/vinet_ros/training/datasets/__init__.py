"""Data sets with human fixations, each read from the layout it has on disk."""

from vinet_ros.training.datasets.stills import Fixations, Still, Stills

__all__ = ["Fixations", "Still", "Stills"]
