"""SPLIT/NAME.* beside SPLITannot/NAME.*, as the public copy of CamVid has it; no file names the classes."""

from pathlib import Path

from seg.datasets.files import pictures_in
from seg.datasets.layouts.layout import Layout, Pair, by_split, folders_in, paired, split_of

TITLE = "SPLIT/ and SPLITannot/"


def find(folder: Path) -> Layout | None:
    there = {path.name: path for path in folders_in(folder)}
    splits = [name for name in there if f"{name}annot" in there]
    if not splits:
        return None
    found: list[tuple[str, Pair]] = []
    problems: list[str] = []
    for split in splits:
        pictures, labels = there[split], there[f"{split}annot"]
        pairs, wrong = paired(pictures_in(pictures), pictures, pictures_in(labels), labels)
        found += [(split_of(split) or split, pair) for pair in pairs]
        problems += wrong
    return Layout(TITLE, by_split(found), problems=problems)
