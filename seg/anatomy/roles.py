"""What each stage of a network is to a person: 'Encoder 3', 'Bottleneck', 'Step up 2', read off shapes and modules."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from seg.models.blocks import Skip

ENCODER, BOTTLENECK, DECODER, SKIP, ALL = "encoder", "bottleneck", "decoder", "skip", ""
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
STEPS_UP = (nn.ConvTranspose2d, nn.PixelShuffle, nn.Upsample)


@dataclass(frozen=True)
class Role:
    """What a stage is to its network.

    part: "encoder", "bottleneck", "decoder", or "skip" for what lies on a skip; "" where nothing becomes smaller.
    title: what a person calls it. A number is that of its resolution: 1 is the picture's own, 2 half of it.
    step: "÷2", "×2" and so on against the map before it, "" where it has the same resolution.
    """

    part: str
    title: str
    step: str = ""


def roles(
    shapes: Mapping[str, tuple[int, int, int]], modules: Mapping[str, nn.Module], height: int, skips: Mapping[str, Skip]
) -> dict[str, Role]:
    """Stage → its role. shapes: stage → (channels, height, width), in the order in which they run.

    height: of the picture. The bottleneck is what has most channels of all that have the least resolution.
    """
    on_skips = {skip.through: name for name, skip in skips.items() if skip.through}
    deepest = _bottleneck(shapes, height)
    titles: dict[str, str] = {}
    parts: dict[str, str] = {}
    passed: set[str] = set()
    for name, shape in shapes.items():
        part = BOTTLENECK if name in deepest else (DECODER if passed else ENCODER) if deepest else ALL
        parts[name] = SKIP if name in on_skips else part
        passed |= deepest & {name}
        titles[name] = _title(name, shape, modules[name], part, on_skips, height)
    classes = list(shapes.values())[-1][0] if shapes else 0
    for name, shape in shapes.items():
        if parts[name] in (DECODER, ALL) and shape[0] == classes and _is_one_convolution(modules[name]):
            titles[name] = "Classifier"
    steps = _steps({name: shape[1] for name, shape in shapes.items() if name not in on_skips}, height, parts)
    return {name: Role(parts[name], title, steps.get(name, "")) for name, title in _numbered(titles).items()}


def opens_on(said: Mapping[str, Role]) -> str:
    """The stage to look at first: the last of the bottleneck, else the one in the middle."""
    deepest = [name for name, role in said.items() if role.part == BOTTLENECK]
    return deepest[-1] if deepest else list(said)[len(said) // 2]


def _bottleneck(shapes: Mapping[str, tuple[int, int, int]], height: int) -> set[str]:
    least = min((shape[1] for shape in shapes.values()), default=height)
    if 2 * least > height + 1:
        return set()
    smallest = {name: shape[0] for name, shape in shapes.items() if shape[1] == least}
    return {name for name, channels in smallest.items() if channels == max(smallest.values())}


def _title(
    name: str, shape: tuple[int, int, int], module: nn.Module, part: str, on_skips: Mapping[str, str], height: int
) -> str:
    if name in on_skips:
        return f"Skip {on_skips[name]}"
    if part in (BOTTLENECK, ALL):
        return "Bottleneck" if part else "Layer"
    level = 1 + max(0, round(math.log2(height / shape[1])))
    if isinstance(module, STEPS_UP):
        return f"Step up {level}"
    if isinstance(list(module.modules())[-1], POOLS):
        return f"Step down {level}"
    return f"{part.capitalize()} {level}"


def _is_one_convolution(module: nn.Module) -> bool:
    learned = [part for part in module.modules() if any(True for _ in part.parameters(recurse=False))]
    return len(learned) == 1 and isinstance(learned[0], nn.Conv2d)


def _steps(heights: Mapping[str, int], height: int, parts: Mapping[str, str]) -> dict[str, str]:
    """Down only before the bottleneck and up only behind it: elsewhere the map before is not what a stage reads."""
    steps, before = {}, height
    for name, here in heights.items():
        down, up = round(before / here), round(here / before)
        if down > 1 and parts[name] in (ENCODER, BOTTLENECK):
            steps[name] = f"÷{down}"
        if up > 1 and parts[name] == DECODER:
            steps[name] = f"×{up}"
        before = here
    return steps


def _numbered(titles: Mapping[str, str]) -> dict[str, str]:
    """The titles, those that several stages share told apart: 'Encoder 5.1', 'Encoder 5.2'; 'Layer 1', 'Layer 2'."""
    many, counted = Counter(titles.values()), Counter[str]()
    found = {}
    for name, title in titles.items():
        counted[title] += 1
        sign = "." if title[-1].isdigit() else " "
        found[name] = f"{title}{sign}{counted[title]}" if many[title] > 1 else title
    return found
