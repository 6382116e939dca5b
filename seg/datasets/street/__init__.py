"""Street scenes: rendered with exact truth, in the classes and proportions of the real set."""

from seg.datasets.street.scene import render

__all__ = ["render"]
