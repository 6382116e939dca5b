"""What the shipped weight sets let one compare: architectures of a family, or one property of one architecture."""

from collections.abc import Iterable
from dataclasses import dataclass

from seg.models import ARCHITECTURES, TITLES
from seg.weights import Record

SEVEN = (
    ("conv_stack",),
    ("encoder_decoder",),
    ("fcn32s",),
    ("fcn16s",),
    ("fcn8s",),
    ("unet",),
    ("fc_densenet103", "fc_densenet67", "fc_densenet56"),
)
"""The architectures of a family, each with what stands in for it where it is missing."""

LOSS_ORDER = ("wce", "ce", "dice", "ce_dice", "focal", "tversky", "lovasz")
LOSS_TITLES = {
    "ce": "cross-entropy",
    "wce": "weighted cross-entropy",
    "dice": "Dice",
    "ce_dice": "cross-entropy + Dice",
    "focal": "focal",
    "tversky": "Tversky",
    "lovasz": "Lovász",
}
STARTS = {None: "from scratch", "efficientnet_lite0": "ImageNet start"}


@dataclass(frozen=True)
class Entry:
    """One network of a comparison: its panel's title, its weight set, and a note where it stands in for another."""

    title: str
    record: Record
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """Networks worth seeing side by side. All entries have the classes of one dataset."""

    title: str
    dataset: str
    entries: tuple[Entry, ...]


def start_of(record: Record) -> str:
    backbone = record.arguments.get("backbone")
    return STARTS.get(backbone, backbone)


def comparisons(records: Iterable[Record]) -> list[Comparison]:
    """Every comparison that the weight sets allow: architectures first, then losses, starts and upsampling methods."""
    records = list(records)
    return [*_architectures(records), *_properties(records)]


def _architectures(records: list[Record]) -> list[Comparison]:
    families: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        families.setdefault((record.dataset, start_of(record), record.loss), []).append(record)
    found = []
    several = {key for key, members in families.items() if len({r.model for r in members}) > 1}
    for (dataset, start, loss), members in families.items():
        if (dataset, start, loss) not in several and any(key[0] == dataset for key in several):
            continue
        entries = [e for names in SEVEN if (e := _entry(names, members, records, dataset))]
        title = f"Architectures · {dataset} · {LOSS_TITLES.get(loss, loss)} · {start}"
        found.append(Comparison(title, dataset, tuple(entries)))
    return sorted(found, key=lambda c: (c.dataset != "street", c.title))


def _entry(names: tuple[str, ...], family: list[Record], everything: list[Record], dataset: str) -> Entry | None:
    """The family's set for the first of `names`; else the nearest there is, which the note says."""
    elsewhere = [r for r in everything if r.dataset == dataset]
    for candidates, note in ((family, ""), (elsewhere, "not in this family: {}")):
        for name in names:
            for record in sorted(candidates, key=lambda r: (r.model, len(r.variant), r.name)):
                if record.model == name:
                    return Entry(
                        TITLES[name], record, note.format(f"{record.loss}, {start_of(record)}") if note else ""
                    )
    return None


def _properties(records: list[Record]) -> list[Comparison]:
    """Sets of one architecture that differ in one property alone."""
    properties = {
        "Losses": lambda r: LOSS_TITLES.get(r.loss, r.loss),
        "Starts": start_of,
        "Upsampling": lambda r: r.arguments.get("upsampling") or "unpool",
    }
    found = []
    for kind, value in properties.items():
        others = [get for other, get in properties.items() if other != kind]
        groups: dict[tuple, dict[str, Record]] = {}
        for record in records:
            if record.model != "encoder_decoder" and kind == "Upsampling":
                continue
            key = (record.dataset, record.model, record.scale, *(get(record) for get in others))
            groups.setdefault(key, {}).setdefault(value(record), record)
        for (dataset, model, *rest), members in groups.items():
            if len(members) > 1:
                entries = tuple(Entry(title, record) for title, record in members.items())
                fixed = [str(word) for word in rest[1:] if word not in ("unpool",)]
                found.append(
                    Comparison(f"{kind} · {TITLES[model]} · {dataset} · {' · '.join(fixed)}", dataset, entries)
                )
    return sorted(found, key=lambda c: ARCHITECTURES.index(c.entries[0].record.model))
