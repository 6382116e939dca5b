"""Steps four to seven of the tour: what a network does with a picture, down and up again."""

import numpy as np
import streamlit as st

from seg.anatomy import transposed
from seg.anatomy.one_pixel import patch
from seg.anatomy.roles import BOTTLENECK
from seg.anatomy.stages import Anatomise, Costs, Stage, Strongest
from seg.anatomy.step_up import LastByHand, StepUp
from seg.anatomy.windows import liveliest
from seg.app import address, answers, controls
from seg.app.components.by_hand import by_hand
from seg.app.parts import architectures
from seg.app.parts.tour import Seen, ahead, heading, question
from seg.app.parts.tour_masks import photo
from seg.app.parts.upsampling import keep_typed
from seg.app.text import plain
from seg.catalogue.comparisons import Entry
from seg.catalogue.nearest import nearest
from seg.datasets import DATASETS
from seg.figures import architectures as cost_figures
from seg.figures import upsampling as figures
from seg.pictures.drawing import encode_png, heat_map
from seg.service.questions import Question

CHART = {"displayModeBar": False}
SIDES = (90, 180, 360, 720)
MAP, GRID = 168, 144
"""Width of a feature map and of a grid of numbers, in pixels."""
BY_HAND = 2
"""Numbers along a side of what is worked out by hand."""
NONE = "There is no {} among the networks here: train one, or choose another data set below."


def _network(seen: Seen, *models: str) -> Entry | None:
    """The nearest network of these architectures; without any, a sentence says so."""
    found = nearest(seen.sets.values(), seen.class_map.dataset, models)
    if found is None:
        st.info(NONE.format(" or ".join(models)), icon=":material/info:")
    return found


def _asked(seen: Seen, entry: Entry, question: Question):
    """The answer, or None with a sentence on the page."""
    return answers.collect({entry.title: answers.ask(seen.exhibit, entry.weights, question)}).get(entry.title)


def _elsewhere(seen: Seen, network: Entry, kind: str) -> None:
    """A sentence, where the network did not learn the data set chosen."""
    record, wanted = network.record, seen.class_map.dataset
    if record.dataset != wanted:
        title = DATASETS[record.dataset].title.lower() if record.dataset in DATASETS else plain(record.dataset)
        st.caption(
            f"No {kind} here has learned {plain(wanted)} pictures: this one has learned {title}. Look at what it does "
            "with your picture, not at its classes."
        )


def conv_stack(step: int, seen: Seen) -> None:
    """Every layer as large as the picture, and what that costs."""
    heading(step, "The simplest network that labels pixels: convolutions, one after the other, none of them smaller.")
    stack = _network(seen, "conv_stack")
    if stack is None:
        return
    costs = {"Conv stack": _asked(seen, stack, Costs(SIDES))}
    if costs["Conv stack"] is None:
        return
    other = nearest(seen.sets.values(), seen.class_map.dataset, ("encoder_decoder",))
    ahead(seen, stack, *architectures.FOR_DRAWING.values())
    if other:
        ahead(seen, other, Costs(SIDES))
    small, large = (costs["Conv stack"][SIDES.index(side)][0] for side in (180, 360))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            "The picture becomes twice as wide and twice as high. What becomes of the network's work?",
            ["It stays: the kernels are the same", "Twice as much", "Four times as much"],
            2,
            f"At a short side of 180 pixels your picture takes {small:.3g} GFLOPs; at 360 pixels it takes {large:.3g}, "
            f"which is {large / small:.2g} times as many. Every kernel is applied at every pixel, in every layer.",
        )
    with right:
        if not answered:
            photo(seen)
        else:
            if other:
                costs[other.title] = _asked(seen, other, Costs(SIDES))
            _growth(costs, stack, other)
    if answered:
        _elsewhere(seen, stack, "conv stack")
        _draw_stack(seen, stack)
    controls.link(
        "pages/architectures.py",
        "What resolution costs every network",
        {"network": stack.title, "dataset": stack.record.dataset},
    )


def _growth(costs: dict, stack: Entry, other: Entry | None) -> None:
    """Operations by size of the picture, and what the other network gets for its."""
    known = {name: [cost[0] for cost in line] for name, line in costs.items() if line}
    st.plotly_chart(
        cost_figures.growth({name: list(zip(SIDES, line, strict=True)) for name, line in known.items()}, "GFLOPs"),
        config=CHART,
        key="tour-growth",
        alt="GFLOPs by size of picture",
    )
    if other and other.title in known:
        weights = other.record.parameters / stack.record.parameters
        work = known[other.title][-1] / known["Conv stack"][-1]
        st.markdown(
            f"{plain(other.title)} has {weights:.2g} times the parameters, for {work:.2g} times the work: most of them "
            "are used where the picture is small. That is the next step."
        )


@st.fragment
def _draw_stack(seen: Seen, stack: Entry) -> None:
    drawn = architectures.draw(seen.exhibit, stack, f"tour-{stack.weights.name}")
    if drawn is None:
        return
    stages = list(drawn.stages.values())
    last, field = stages[-1], max((stage.receptive_field or 0 for stage in stages), default=0)
    sees = f" One pixel of the mask sees {field} × {field} pixels of the picture, whatever it shows." if field else ""
    st.markdown(
        f"{len(stages)} layers, each {last.shape[1]} × {last.shape[2]} like the picture that the network is given: the "
        f"maps together take {sum(stage.megabytes for stage in stages):.3g} MB, for "
        f"{sum(stage.parameters for stage in stages):,} parameters.{sees}"
    )


def encoder_decoder(step: int, seen: Seen) -> None:
    """Smaller and deeper, and back."""
    heading(step, "An encoder makes the picture smaller step by step; a decoder makes it large again.")
    network = _network(seen, "encoder_decoder")
    if network is None:
        return
    ahead(seen, network, *architectures.FOR_DRAWING.values())
    left, right = st.columns([2, 3], gap="medium")
    with right:
        photo(seen)
    with left:
        answered = question(
            step,
            "On the way down there are fewer and fewer places. How many channels has each?",
            ["Fewer and fewer, too", "Always the same number", "More and more"],
            2,
            "What the picture loses in places it gains in channels: fewer places, and more to say about each. A "
            "convolution costs little there, so the network can afford many of them, and each sees more of the "
            "picture.",
        )
    if answered:
        _draw_encoder(seen, network)
    controls.link(
        "pages/architectures.py",
        "Every network, stage by stage",
        {"network": network.title, "dataset": network.record.dataset},
    )


@st.fragment
def _draw_encoder(seen: Seen, network: Entry) -> None:
    _elsewhere(seen, network, "encoder/decoder")
    drawn = architectures.draw(seen.exhibit, network, f"tour-{network.weights.name}")
    if drawn is None:
        return
    stages = list(drawn.stages.values())
    first, deepest = stages[0], _deepest(stages)
    st.markdown(
        f"Its first stage gives {first.shape[0]} channels of {first.shape[1]} × {first.shape[2]}, its deepest "
        f"{deepest.shape[0]} of {deepest.shape[1]} × {deepest.shape[2]}: "
        f"{first.shape[1] * first.shape[2] / (deepest.shape[1] * deepest.shape[2]):.3g} times fewer places, "
        f"{deepest.shape[0] / first.shape[0]:.3g} times the channels. In each box is the mean of a stage's channels "
        "for your picture: the deeper, the less is left of outlines."
    )


def _deepest(stages: list[Stage]) -> Stage:
    return next((stage for stage in stages if stage.role.part == BOTTLENECK), stages[len(stages) // 2])


def pooling(step: int, seen: Seen) -> None:
    """What max pooling forgets, and what unpooling must know."""
    heading(step, "Max pooling keeps the largest of four numbers: the map becomes half as wide and half as high.")
    network = _network(seen, "encoder_decoder")
    if network is None:
        return
    found = _asked(seen, network, Anatomise())
    maps = _asked(seen, network, Strongest(found[0].name, 1)) if found else None
    if found is None or maps is None:
        return
    height, width = (side // 2 * 2 for side in maps.maps[0].shape)
    values = maps.maps[0][:height, :width].astype(float)
    largest, places, _ = transposed.pooled(values)
    up = transposed.ways_up(largest, places)
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            "The decoder wants to put that number back where it was. What must it know?",
            ["Nothing: it belongs to the top left", "Which of the four it was", "All four numbers"],
            1,
            "SegNet's encoder keeps the place of every maximum, and its decoder unpools by it: the number goes back to "
            f"its place, and {(up['max-unpooling'] == 0).mean():.0%} of this map are 0 until the next convolution "
            "fills them. The other three numbers are lost.",
        )
    size = f"{height} × {width}" if found[0].shape[1] <= height + 1 else f"reduced to {height} × {width}"
    shown = {f"{found[0].role.title}, channel {maps.channels[0]}, {size}": values}
    if answered:
        shown |= {
            f"max pooling: {height // 2} × {width // 2}": largest,
            "max-unpooling: each in its place": up["max-unpooling"],
            "bilinear: without places, soft": up["bilinear"],
        }
    with right, st.container(horizontal=True, gap="small"):
        for title, image in shown.items():
            with st.container(width=MAP, gap="xxsmall"):
                st.image(encode_png(heat_map(image, 255)), width="stretch", alt=title)
                st.caption(title)
    _elsewhere(seen, network, "encoder/decoder")
    if answered:
        _numbers(values)
    controls.link("pages/upsampling.py", "Pool by hand, and see every way back up", {"window": "max pooling"})


def _numbers(values: np.ndarray) -> None:
    """Where the map changes most, in numbers."""
    if min(values.shape) < 4:
        return
    row, column = liveliest(values, 4, 2)
    cut = values[row : row + 4, column : column + 4]
    largest, places, _ = transposed.pooled(cut)
    st.markdown(
        "**In numbers**, where this map varies most, 0 for its least and 255 for its largest: rows "
        f"{row} to {row + 3}, columns {column} to {column + 3}."
    )
    grids = {
        "the map": cut,
        "max pooling": largest,
        "max-unpooling": transposed.ways_up(largest, places)["max-unpooling"],
    }
    with st.container(horizontal=True, gap="small"):
        for name, grid in grids.items():
            with st.container(width=GRID, gap="xsmall"):
                st.plotly_chart(
                    figures.number_grid(grid, 255, side=GRID),
                    config=CHART,
                    key=f"tour-{name}",
                    alt=f"{name}: {', '.join(f'{value:.0f}' for value in grid.ravel())}",
                )
                st.caption(name)


def transposed_convolution(step: int, seen: Seen) -> None:
    """Kernels that are laid down and add up, with a network's own numbers."""
    heading(
        step,
        "A transposed convolution makes a map larger by numbers that are learned: every value lays down the whole "
        "kernel, times itself.",
    )
    network = _network(seen, "fcn8s", "fcn16s")
    found = None if network is None else _asked(seen, network, LastByHand())
    if network is None or found is None:
        return
    geometry, inputs = found.geometry, 4 * found.geometry.kernel
    counts = transposed.overlap(inputs, geometry)
    middle = sorted(set(counts[len(counts) // 3 : -(len(counts) // 3)].tolist()))
    name = plain(network.record.class_map.names[found.label])
    options = sorted({1, geometry.kernel, *middle})
    left, right = st.columns([2, 3], gap="medium")
    with left:
        answered = question(
            step,
            f"The kernel of {network.title} is {geometry.kernel} wide, and moves on by {geometry.stride}. How many "
            "values add up in one pixel of the output, along a row?",
            [f"{count}" for count in options],
            options.index(middle[-1]),
            transposed.describe_overlap(geometry),
        )
    shown = {f"scores of {name} before: {found.before.shape[0]} × {found.before.shape[1]}": found.before}
    if answered:
        shown[f"and after: {found.after.shape[0]} × {found.after.shape[1]}"] = found.after
    low, high = min(map(np.min, shown.values())), max(map(np.max, shown.values()))
    with right, st.container(horizontal=True, gap="small"):
        for title, image in shown.items():
            with st.container(width=MAP, gap="xxsmall"):
                large = max(1, 240 // image.shape[1])
                drawn = heat_map((image - low).repeat(large, axis=0).repeat(large, axis=1), float(high - low))
                st.image(encode_png(drawn), width="stretch", alt=title)
                st.caption(title)
    _elsewhere(seen, network, "network with such a step")
    if answered:
        _by_hand(seen, network, found)
    controls.link("pages/upsampling.py", "Other kernels and strides, by hand", {"kernel": "3"})


@st.fragment
def _by_hand(seen: Seen, network: Entry, found: StepUp) -> None:
    side = min(BY_HAND, *found.before.shape)
    row, column = liveliest(found.before, side)
    y, x = (row + side / 2) / found.before.shape[0], (column + side / 2) / found.before.shape[1]
    cut, top, left = patch(found.before, y, x, side)
    key, name = "tour-by-hand", plain(network.record.class_map.names[found.label])
    st.markdown(
        f"**With your picture's numbers.** The input: the scores of {name} from row {top} and column {left} on, where "
        f"they vary most; the kernel: the one by which {plain(network.title)} has learned to carry this class to "
        f"itself, both rounded. It has {found.own:.0%} of the weight in what comes out, other classes' scores have the "
        "rest. Step through it, or type other numbers."
    )
    of = f"{network.record.dataset}-{seen.exhibit.picture.digest[:8]}"
    names = {"input": f"input-{of}", "kernel": f"kernel-{of}"}
    given = cut.round(1).astype(float), found.kernel.round(2).astype(float)
    values, weight = (
        np.reshape(address.numbers(name, usual.ravel().tolist()), usual.shape)
        for name, usual in zip(names.values(), given, strict=True)
    )
    by_hand(values, weight, found.geometry, key, keep_typed(names), others=False)
