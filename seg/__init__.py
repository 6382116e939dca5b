"""A laboratory for semantic segmentation."""

import os

# Before torch is imported: threads that wait for work sleep instead of spinning. Spinning is a little quicker on an
# idle machine and many times slower as soon as anything else runs: a browser, say, or a second visitor.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
