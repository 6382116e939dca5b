"""What the weight sets let one compare: architectures of a family, or one property of one architecture."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seg import models
from seg.catalogue.record import Record
from seg.catalogue.store import SHIPPED
from seg.catalogue.words import told_apart, without_shared
from seg.datasets import DATASETS

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

LOSS_TITLES = {
    "wce": "weighted cross-entropy",
    "ce": "cross-entropy",
    "dice": "Dice",
    "ce_dice": "cross-entropy + Dice",
    "focal": "focal",
    "tversky": "Tversky",
    "lovasz": "Lovász",
}
"""Loss → its name in words, in the order they are told in; what each computes stands in `seg.losses`."""

LOSS_ORDER = tuple(LOSS_TITLES)
STARTS = SCRATCH, IMAGENET = "from scratch", "ImageNet start"
ELSEWHERE = "trained elsewhere"
LIVE = "live"
"""How the variant of a set begins that a visitor had learn while he watched; the number of his training follows."""

START, LOSS, NETWORK, UPSAMPLING, WIDTH, CLASSES = "Start", "Loss", "Network", "Upsampling", "Width", "Classes"
TOPICS = {
    "architectures": NETWORK,
    "losses": LOSS,
    "upsampling": UPSAMPLING,
    "starts": START,
    "widths": WIDTH,
    "own runs": None,
}
"""What can be compared → the one property in which the networks of such a comparison differ."""

FEWEST = {"wce": 2}
OTHERWISE = 3
"""How many architectures make a family: two with this loss, three with another, since the rest are stand-ins."""


@dataclass(frozen=True)
class WeightSet:
    """A record and the folder that its files lie in.

    own: 0 for a shipped set, else which of the visitor's own folders it is from.
    """

    record: Record
    folder: Path = SHIPPED
    own: int = 0

    @property
    def mark(self) -> str:
        """What stands before the name of an own set: 'own: ', or 'own 2: ' for a second folder."""
        return "" if not self.own else f"own{f' {self.own}' if self.own > 1 else ''}: "

    @property
    def name(self) -> str:
        """The record's name, marked: no own set hides a shipped one."""
        return self.mark + self.record.name

    @property
    def whose(self) -> str:
        """'your own training 1' of what was trained in a visit, 'your own' of other own sets; '' of a shipped one."""
        if not self.own:
            return ""
        if live := re.fullmatch(rf"{LIVE}(\d+)", self.record.variant):
            return f"your own training {live[1]}"
        return "your own" + (f", folder {self.own}" if self.own > 1 else "")

    def titled(self, title: str) -> str:
        """A title that says whose the set is."""
        return ", ".join(filter(None, (title, self.whose)))


@dataclass(frozen=True)
class Entry:
    """One network of a comparison: its panel's title, its weight set, and a note where it stands in for another."""

    title: str
    weights: WeightSet
    note: str = ""

    @property
    def record(self) -> Record:
        return self.weights.record


@dataclass(frozen=True)
class Comparison:
    """Networks worth seeing side by side. All entries have the classes of one dataset.

    topic: one of `TOPICS`; fixed: what all entries share, as {property: value}, and what a visitor chooses it by.
    """

    dataset: str
    topic: str
    fixed: dict[str, str]
    entries: tuple[Entry, ...]

    @property
    def title(self) -> str:
        return " · ".join((self.dataset, self.topic, *self.fixed.values()))


def start_of(record: Record) -> str:
    """Where training began: one of `STARTS`, or an untrained backbone or another than the first, which are like
    neither; of a taught head, on whose features; ELSEWHERE for what was not trained here."""
    if record.source:
        return ELSEWHERE
    if record.model == models.HEAD:
        return f"taught on {record.recipe.get('taught_on', 'unknown')} features"
    backbone = record.arguments.backbone
    if backbone not in models.BACKBONES:
        return SCRATCH
    if not record.recipe.get("pretrained", True):
        return f"{backbone} from scratch"
    return IMAGENET if backbone == models.BACKBONES[0] else f"{backbone} from ImageNet"


def head_starts(records: Iterable[Record], sets: Iterable[WeightSet]) -> list[str]:
    """A sentence for each encoder that was not new to its data when training began: it has seen them for longer."""
    words = {weights.record.name: set_in_words(weights) for weights in sets if not weights.own}
    return [
        f"{title_of(record)}'s encoder began as the trained one of {words.get(other, other)}."
        for record in records
        if (other := record.recipe.get("encoder_of"))
    ]


def title_of(record: Record) -> str:
    """The name people know the architecture by; for smp's, which and on what encoder; an adopted one's own name."""
    if record.source:
        return record.name.split("/", 1)[1]
    if record.model == models.HEAD:
        return "Taught head"
    return models.TITLES.get(record.model) or (record.arguments.backbone or record.model).replace("/", " on ")


def traits(record: Record) -> dict[str, str]:
    """The properties that a comparison varies or holds fixed, in words."""
    usual = "bilinear" if record.arguments.backbone else "unpool"
    return {
        NETWORK: title_of(record),
        LOSS: LOSS_TITLES.get(record.loss, record.loss),
        START: start_of(record),
        UPSAMPLING: (record.arguments.upsampling or usual) if record.model == "encoder_decoder" else "",
        WIDTH: "paper" if "paper" in (record.arguments.width, *record.variant.split("-")) else "slim",
    }


def set_in_words(weights: WeightSet, with_seed: bool = True) -> str:
    """What a person calls the set: 'U-Net, from ImageNet, weighted cross-entropy', with what else sets it apart, and
    whose it is. See `told_apart` for several."""
    record = weights.record
    if record.source or record.model == models.HEAD:
        return weights.titled(f"{record.name.split('/', 1)[1]}, {start_of(record)}")
    trait = traits(record)
    start = "from ImageNet" if trait[START] == IMAGENET else trait[START]
    said = {"lite0", "lite1", "lite2", record.arguments.upsampling, "paper"}
    rest = [part.replace("seed", "seed ") for part in record.variant.split("-") if part and part not in said]
    rest = [part for part in rest if with_seed or not part.startswith("seed ")]
    rest = [part for part in rest if not (weights.own and re.fullmatch(rf"{LIVE}\d+", part))]
    way = trait[UPSAMPLING] if record.arguments.upsampling else ""
    wide = "paper's width" if trait[WIDTH] == "paper" else ""
    words = (trait[NETWORK], start, trait[LOSS], way, wide, *rest)
    return weights.titled(", ".join(word for word in words if word))


def sets_in_words(sets: Iterable[WeightSet]) -> dict[str, str]:
    """Name → words, of sets that are listed together: where they learned several data sets, each says which."""
    sets = list(sets)
    several = len({weights.record.dataset for weights in sets}) > 1
    return told_apart({w.name: set_in_words(w) + (f", {w.record.dataset} pictures" if several else "") for w in sets})


def comparisons(sets: Iterable[WeightSet]) -> list[Comparison]:
    """Every comparison that the sets allow, data set by data set, the one worth opening with first in each.

    Of sets that differ in nothing but their variant (another seed, say) the one with the shortest name counts.
    """
    by_dataset: dict[str, list[WeightSet]] = {}
    for weights in sorted(sets, key=shipped_and_plainest_first):
        by_dataset.setdefault(weights.record.dataset, []).append(weights)
    found = []
    for dataset in sorted(by_dataset, key=lambda d: _rank(tuple(DATASETS), d)):
        members = by_dataset[dataset]
        trained = _of_the_same_classes([weights for weights in members if not weights.record.source])
        found += _families(dataset, trained) if trained else []
        for topic in ("losses", "upsampling", "starts", "widths"):
            found += _varying(dataset, topic, trained)
        found += _own_runs(dataset, members, by_dataset)
    return found


def _of_the_same_classes(sets: Sequence[WeightSet]) -> list[WeightSet]:
    """Those with the classes of the first: own data of one name may have had others at another time."""
    return [weights for weights in sets if weights.record.class_map.names == sets[0].record.class_map.names]


def _shipped_like(adopted: WeightSet, by_dataset: Mapping[str, Sequence[WeightSet]]) -> tuple[Entry, ...]:
    """The shipped networks that one made elsewhere can be compared with: a family of the same classes."""
    names = adopted.record.class_map.names
    for dataset, members in by_dataset.items():
        shipped = [w for w in members if not w.own and not w.record.source and w.record.class_map.names == names]
        if shipped:
            return _families(dataset, shipped)[0].entries
    return ()


def shipped_and_plainest_first(weights: WeightSet) -> tuple:
    """Sorts shipped sets first, then those whose name says least, by loss and name."""
    record = weights.record
    return weights.own, len(record.variant), _rank(LOSS_ORDER, record.loss), record.name


def _families(dataset: str, sets: Sequence[WeightSet]) -> list[Comparison]:
    """One comparison a start and loss that enough architectures were trained with, or the largest there is."""
    families: dict[tuple[str, str, str], list[WeightSet]] = {}
    for weights in sets:
        trait = traits(weights.record)
        families.setdefault((trait[LOSS], trait[START], weights.record.loss), []).append(weights)
    size = {key: len({title_of(w.record) for w in members}) for key, members in families.items()}
    offered = [key for key in families if size[key] >= FEWEST.get(key[2], OTHERWISE)]
    found = []
    for loss_title, start, loss in offered or [max(size, key=size.__getitem__)]:
        entries = _family(families[loss_title, start, loss], sets)
        found.append((loss, start, Comparison(dataset, "architectures", {START: start, LOSS: loss_title}, entries)))
    return [c for *_, c in sorted(found, key=lambda f: (_rank(LOSS_ORDER, f[0]), f[1] != IMAGENET, f[1]))]


def _family(members: Sequence[WeightSet], everything: Sequence[WeightSet]) -> tuple[Entry, ...]:
    """The seven, where there is a set for them at all, then other architectures, then the visitor's own."""
    shipped = [w for w in members if not w.own] or members
    elsewhere = [w for w in everything if not w.own] or everything
    entries = [entry for names in SEVEN if (entry := _member_or_stand_in(names, shipped, elsewhere))]
    for weights in members:
        title = weights.titled(title_of(weights.record))
        if title not in {e.title for e in entries} and not _stood_for(weights, entries):
            entries.append(Entry(title, weights))
    return tuple(entries)


def _stood_for(weights: WeightSet, entries: Sequence[Entry]) -> bool:
    """Whether another size of the same architecture has the panel already: one FC-DenseNet a family."""
    for names in SEVEN:
        if weights.record.model in names:
            return any(e.record.model in names and e.weights.own == weights.own for e in entries)
    return False


def _member_or_stand_in(
    names: tuple[str, ...], family: Sequence[WeightSet], everything: Sequence[WeightSet]
) -> Entry | None:
    """The family's set for the first of `names`; else the nearest there is, which the note says."""
    wanted = traits(family[0].record)
    for name in names:
        for weights in family:
            if weights.record.model == name:
                return Entry(weights.titled(title_of(weights.record)), weights)
    for name in names:
        nearest = min(
            (w for w in everything if w.record.model == name),
            key=lambda w: (_rank(LOSS_ORDER, w.record.loss), start_of(w.record) != SCRATCH),
            default=None,
        )
        if nearest is not None:
            trait = traits(nearest.record)
            unlike = [trait[p] for p in (START, LOSS) if trait[p] != wanted[p]]
            return Entry(nearest.titled(trait[NETWORK]), nearest, f"not in this family: {', '.join(unlike)}")
    return None


def _varying(dataset: str, topic: str, sets: Sequence[WeightSet]) -> list[Comparison]:
    """Sets of one architecture that differ in one property alone."""
    varied = TOPICS[topic]
    groups: dict[tuple, dict[tuple, WeightSet]] = {}
    for weights in sets:
        trait = traits(weights.record)
        value = trait.pop(varied)
        if value:
            groups.setdefault(tuple(trait.items()), {}).setdefault((value, weights.own), weights)
    found = []
    for key, members in groups.items():
        if len({value for value, _ in members}) < 2:
            continue
        ordered = sorted(members.items(), key=lambda item: (item[0][1], _rank_of(varied, item[0][0])))
        entries = tuple(
            Entry(weights.titled(value), weights, _scale_note(weights, ordered)) for (value, _), weights in ordered
        )
        fixed = {p: v for p, v in key if v and p != WIDTH and not (p == UPSAMPLING and v == "unpool")}
        found.append(Comparison(dataset, topic, fixed, entries))
    return sorted(found, key=lambda c: (-len(c.entries), _rank_of(NETWORK, c.fixed[NETWORK])))


def _scale_note(weights: WeightSet, group: Sequence[tuple[tuple, WeightSet]]) -> str:
    """Where the networks of a comparison were trained on pictures of different size, that is a second difference."""
    scales = {w.record.scale for _, w in group}
    return f"trained at {weights.record.scale} pixels" if len(scales) > 1 else ""


def _own_runs(
    dataset: str, sets: Sequence[WeightSet], by_dataset: Mapping[str, Sequence[WeightSet]]
) -> list[Comparison]:
    """All of the visitor's own sets that have the same classes, each architecture with the shipped set that is nearest
    to it, those made elsewhere with a shipped family."""
    groups: dict[tuple[str, ...], list[WeightSet]] = {}
    for weights in sets:
        if weights.own or weights.record.source:
            groups.setdefault(weights.record.class_map.names, []).append(weights)
    found = []
    for names, own in groups.items():
        beside: dict[str, WeightSet] = {}
        for weights in own:
            same = [w for w in sets if not w.own and w.record.model == weights.record.model and not w.record.source]
            same = [w for w in same if w.record.class_map.names == names]
            if weights.record.source:
                beside |= {entry.weights.name: entry.weights for entry in _shipped_like(weights, by_dataset)}
            elif same:
                nearest = min(same, key=lambda w: _differing_traits(w.record, weights.record))
                beside[nearest.name] = nearest
        fixed = {CLASSES: ", ".join(names)} if len(groups) > 1 else {}
        words = told_apart({w.name: set_in_words(w) for w in (*own, *beside.values())})
        words = dict(zip(words, without_shared([*words.values()]), strict=True))
        shipped = (Entry(words[w.name], w, "shipped") for w in beside.values())
        entries = (*(Entry(words[w.name], w) for w in own), *shipped)
        found.append(Comparison(dataset, "own runs", fixed, entries))
    return found


def _differing_traits(one: Record, other: Record) -> int:
    return sum(value != traits(other)[p] for p, value in traits(one).items())


def in_order(prop: str, values: Iterable[str]) -> list[str]:
    """The values of a property, each once, in the order they are told in; others last, as they come."""
    return sorted(dict.fromkeys(values), key=lambda value: _rank_of(prop, value))


def _rank_of(prop: str, value: str) -> int:
    """`_rank` of a value in the order that the values of its property are told in."""
    orders = {
        LOSS: [LOSS_TITLES[loss] for loss in LOSS_ORDER],
        START: STARTS,
        NETWORK: list(models.TITLES.values()),
        UPSAMPLING: models.UPSAMPLING,
        WIDTH: ("slim", "paper"),
    }
    return _rank(orders.get(prop, ()), value)


def _rank(order: Sequence[str], value: str) -> int:
    """Where the value stands in the order; what is not in it stands behind."""
    return order.index(value) if value in order else len(order)
