"""A laboratory for semantic segmentation: `seg.Segmenter` is the door to the trained networks.

`seg.compare` puts several beside each other on one picture.
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seg.inference.segmenter import Segmenter
    from seg.reports.side_by_side import compare

# Before torch is imported: threads that wait for work sleep instead of spinning. Spinning is a little quicker on an
# idle machine and many times slower as soon as anything else runs: a browser, say, or a second visitor.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = ["Segmenter", "__version__", "compare"]

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Import torch only when what needs it is asked for."""
    if name == "Segmenter":
        from seg.inference.segmenter import Segmenter

        return Segmenter
    if name == "compare":
        from seg.reports.side_by_side import compare

        return compare
    raise AttributeError(f"module 'seg' has no attribute {name!r}")
