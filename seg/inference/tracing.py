"""PyTorch's shape-only and graph-making runs keep notes in one place for the whole process: one thread at a time."""

import threading

ALONE = threading.RLock()
"""Held while a network runs on the meta device or is exported; two at once mix up their notes and fail."""
