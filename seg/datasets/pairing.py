"""Which picture a mask belongs to, told by names alone and never guessed."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from seg.datasets.files import SUFFIXES

_MASK_WORDS = (
    "mask masks label labels labelled lbl labelids trainids ids id train gt fine coarse truth groundtruth ground "
    "seg segm segmentation segmentations semseg semantic semantics annot anno ann annotation annotations annotated "
    "colour colours color colors instance instances instanceids class classes binary manual matte map"
)
_PICTURE_WORDS = "image images img im photo photos picture pic rgb raw orig original input sat training test"
_WORDS = {*_MASK_WORDS.split(), *_PICTURE_WORDS.split()}
"""Say what a file is, not which one it is."""

_LAST_WORDS = _WORDS | {"l", "p"}
"""At the end of a name, as in CamVid's NAME_L.png."""

_PHRASES = re.compile("leftimg8bit", re.IGNORECASE)

_PREFERRED = ("ids", "labelids", "trainids", "id", "mask", "masks", "label", "labels")
"""Of several masks of one picture, the one whose name holds the first of these, and no instances."""


class Pictures:
    """The names of some pictures, each with the folders above it if they matter, for masks to be looked up in."""

    def __init__(self, names: Sequence[str]):
        self._stems = [_stem(name) for name in names]
        self._folders = [_folder(name) for name in names]
        self._channels: dict[str, set[str]] = defaultdict(set)
        for case, _, channel in (stem.rpartition("_") for stem in self._stems):
            if channel.isdigit():
                self._channels[case].add(channel)
        self._by: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, stem in enumerate(self._stems):
            keys: set[tuple[str, ...]] = {("stem", stem), ("any case", stem.casefold())}
            for words in (*_ways_to_split(stem), *self._without_channel(stem)):
                keys |= {("words", *words), ("core", *_core(words))}
                keys.add(("numbers", *_without_zeros(_core(words))))
            for key in keys:
                self._by[key].append(index)

    def _without_channel(self, stem: str) -> list[tuple[str, ...]]:
        """The words of 'a' for 'a_0000', nnU-Net's name of a picture's first channel, if it is the only one."""
        case, _, channel = stem.rpartition("_")
        return _ways_to_split(case) if case and channel == "0000" and len(self._channels[case]) == 1 else []

    def partners(self, mask: str, loosely: bool = False) -> list[int]:
        """Which pictures a mask of this name belongs to, by the longest stem they share: one, several that are named
        alike, or none.

        A picture's stem may be followed, preceded or interrupted by words like 'mask' and 'labelIds', and followed by
        others if such a word is among them; loosely, it may be followed by any word. Files in folders of different
        names do not belong together.
        """
        stem, folder = _stem(mask), _folder(mask)
        for key in _keys(stem, loosely):
            found = [
                i for i in self._by.get(key, ()) if self._folders[i] == folder or not (self._folders[i] and folder)
            ]
            if found:
                found = [i for i in found if self._folders[i] == folder] or found
                return [i for i in found if stem.startswith(self._stems[i])] or found
        return []


@dataclass
class Matched:
    """Labels that belong to pictures, all by their places in two lists.

    labels: of each picture, its label, or None. several: pictures → the labels among which names do not choose; shared:
    labels → the pictures that each could belong to, one of which lacks a label; lone: labels of no picture.
    """

    labels: list[int | None]
    several: dict[int, list[int]] = field(default_factory=dict)
    shared: list[tuple[int, list[int]]] = field(default_factory=list)
    lone: list[int] = field(default_factory=list)


def matched(pictures: Sequence[str], labels: Sequence[str]) -> Matched:
    """Which label belongs to which picture, by the names of the files and of the folders above them."""
    known, result = Pictures(pictures), Matched([None] * len(pictures))
    found: dict[int, list[int]] = defaultdict(list)
    shared: list[tuple[int, list[int]]] = []
    for label, name in enumerate(labels):
        partners = known.partners(name, loosely=True)
        if len(partners) == 1:
            found[partners[0]].append(label)
        elif partners:
            shared.append((label, partners))
        else:
            result.lone.append(label)
    result.shared = [(label, partners) for label, partners in shared if any(p not in found for p in partners)]
    for picture, candidates in found.items():
        stem = PurePath(pictures[picture]).stem
        alike = [label for label in candidates if PurePath(labels[label]).stem == stem] or candidates
        chosen = best([PurePath(labels[label]).name for label in alike]) if len(alike) > 1 else 0
        if chosen is None:
            result.several[picture] = alike
        else:
            result.labels[picture] = alike[chosen]
    return result


def _keys(stem: str, loosely: bool) -> Iterator[tuple[str, ...]]:
    """What a picture may be known by to which a mask of this stem belongs, the surest first."""
    yield "stem", stem
    yield "any case", stem.casefold()
    for words in _ways_to_split(stem):
        parts = [(words[:length], words[length:]) for length in range(len(words), 0, -1)]
        for first, rest in parts:
            if _LAST_WORDS.issuperset(rest):
                yield "words", *first
        yield "core", *_core(words)
        for first, rest in parts:
            named = loosely or not _WORDS.isdisjoint(rest)
            if rest and named and not rest[0].isdigit() and len(rest[0]) > 1:
                yield "words", *first
                yield "core", *first
        yield "numbers", *_without_zeros(_core(words))


def names_nothing(mask: str) -> bool:
    """Whether a name says only that this is a mask, as 'mask.png' and 'truth-ids.png' do."""
    return set(_words(_stem(mask))) <= set(_MASK_WORDS.split())


def says_mask(name: str) -> bool:
    """Whether a word of a name says that this is a mask, as in 'a_mask.png' and 'a_labelIds.png'."""
    return any(not set(words).isdisjoint(_MASK_WORDS.split()) for words in _ways_to_split(_stem(name)))


def best(masks: Sequence[str]) -> int | None:
    """Of several masks that belong to one picture, the one that holds class ids; None where the names leave it open."""
    words = [set(_words(_stem(mask))) for mask in masks]
    kept = [i for i, found in enumerate(words) if not found & {"instance", "instances", "instanceids"}]
    for word in _PREFERRED:
        chosen = [i for i in kept if word in words[i]]
        if chosen:
            return chosen[0] if len(chosen) == 1 else None
    return kept[0] if len(kept) == 1 else None


def _parts(name: str) -> list[str]:
    return name.replace("\\", "/").split("/")


def _stem(name: str) -> str:
    """'a' of 'folder/a.jpg', of 'a.png' and of 'a.jpg.png'; letters with accents are one character, not two as on
    macOS."""
    stem = unicodedata.normalize("NFC", _parts(name)[-1])
    while (cut := stem.rfind(".")) > 0 and stem[cut:].lower() in SUFFIXES:
        stem = stem[:cut]
    return stem


def _folder(name: str) -> tuple[str, ...]:
    """The folders above a file, without those that only say what it is."""
    return tuple(part.casefold() for part in _parts(name)[:-1] if not _WORDS.issuperset(_words(part)))


def _ways_to_split(stem: str) -> list[tuple[str, ...]]:
    """Into words as they stand, and where a capital letter begins one."""
    return list(dict.fromkeys((_words(stem), _words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", stem)))))


def _words(stem: str) -> tuple[str, ...]:
    """('photo', '12', 'mask') of 'Photo12_mask'."""
    return tuple(re.findall(r"\d+|[^\W\d_]+", _PHRASES.sub("image", stem).casefold()))


def _without_zeros(words: tuple[str, ...]) -> tuple[str, ...]:
    """('1',) of ('01',)."""
    return tuple(word.lstrip("0") or "0" if word.isdigit() else word for word in words)


def _core(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without the words that do not say which one it is."""
    if len(words) > 1 and words[-1] in _LAST_WORDS:
        words = words[:-1]
    return tuple(word for word in words if word not in _WORDS) or words
