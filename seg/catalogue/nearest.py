"""Which weight set there is of an architecture: one of the data set asked for, else of another."""

from collections.abc import Iterable, Sequence

from seg.catalogue.comparisons import Entry, WeightSet, comparisons, shipped_and_plainest_first, title_of
from seg.datasets import DATASETS


def nearest(sets: Iterable[WeightSet], dataset: str, models: Sequence[str]) -> Entry | None:
    """The set of one of `models`, the first there is, that learned the data set; without any, one that learned another.

    None where there is no set of them at all.
    """
    known = list(DATASETS)

    def rank(weights: WeightSet) -> tuple:
        record = weights.record
        order = known.index(record.dataset) if record.dataset in known else len(known)
        return record.dataset != dataset, models.index(record.model), order, shipped_and_plainest_first(weights)

    found = min((weights for weights in sets if weights.record.model in models), key=rank, default=None)
    return None if found is None else Entry(found.titled(title_of(found.record)), found)


def usual(sets: Iterable[WeightSet], dataset: str) -> Entry:
    """The network to begin with on a data set: the U-Net of the family that it opens with, else that family's first.

    What is no module, which nobody can look into, comes last. Raises StopIteration for a data set without a set.
    """
    offered = [c for c in comparisons(sets) if c.dataset == dataset]
    first = next((c for c in offered if c.topic == "architectures"), None) or next(iter(offered))
    return min(first.entries, key=lambda entry: (not entry.record.is_module, entry.record.model != "unet"))
