"""The parts of the Upsampling page: by hand, the overlap map, other ways up, and what our networks do."""

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from seg.anatomy import transposed as upsampling
from seg.anatomy.checkerboard import Kernels, Measure, Measurement, times
from seg.anatomy.dependence import Upsampling
from seg.anatomy.transposed import Geometry
from seg.anatomy.windows import CONVOLUTION, KINDS, LARGEST, MEAN, Window
from seg.app import address, answers
from seg.app.components.by_hand import Take, by_hand
from seg.app.components.sliding_window import sliding_window
from seg.app.layout import beside, row, wide
from seg.app.parts.exhibits import Exhibit
from seg.app.text import plain
from seg.catalogue.comparisons import Comparison, WeightSet, sets_in_words
from seg.errors import OptionError
from seg.figures import upsampling as figures

CHART = {"displayModeBar": False}
INPUTS = {"1-D": (5,), "2-D": (4, 4)}
FIRST = {"1-D": [2, -1, 3, 1, 2], "2-D": [1, 3, 2, 0, 2, 5, 1, 1, 0, 2, 4, 1, 3, 1, 0, 2]}
SIDE = 6
PATTERN = [1, 1, 1, 5, 5, 5] * 3 + [1, 1, 1, 1, 1, 1] + [1, 2, 1, 0, 1, 1] + [4, 1, 1, 1, 1, 7]
"""SIDE × SIDE numbers: a bright square's corner, flat ground, a few bright points."""
WINDOWS = {
    CONVOLUTION: "Where is the output large? Where the input looks like the kernel: this one subtracts the left from "
    "the right, and so finds what becomes brighter to the right. On flat ground it gives 0. A network learns the "
    "numbers of its kernels.",
    LARGEST: "What does max pooling lose? Where in the window the largest value stood, and all the others. SegNet "
    "keeps the place, to unpool by. Shift the input by one and much of the output stays.",
    MEAN: "What does average pooling lose? A single bright point is spread among its neighbours: 7 among ones becomes "
    "2.5, where max pooling keeps 7.",
}
"""What the window does → what to look at."""
EXAMPLES = {
    "3 over 2: uneven": {"kernel": 3, "stride": 2, "padding": 0, "extra": 0, "dilation": 1},
    "4 over 2: even": {"kernel": 4, "stride": 2, "padding": 1, "extra": 0, "dilation": 1},
    "2 over 2: none": {"kernel": 2, "stride": 2, "padding": 0, "extra": 0, "dilation": 1},
    "3 over 2, dilated": {"kernel": 3, "stride": 2, "padding": 0, "extra": 0, "dilation": 2},
}
WIDE = 14
"""Input values along a side of the overlap map."""

NUMBER = 132
"""Width of a field for a number, in pixels."""
GRID = 144
"""Width of a small grid, in pixels."""


@st.fragment
def windows() -> None:
    """Choose what a window does; see it slide over numbers that can be typed."""
    controls = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    kind = address.choice("window", KINDS, KINDS[0])
    controls.segmented_control("What the window does", KINDS, required=True, key="window")
    usual = (3, 1) if kind == CONVOLUTION else (2, 2)
    size, stride = (f"window-size-{kind}", f"window-stride-{kind}")
    address.choice(size, range(1, 5), usual[0])
    address.choice(stride, range(1, 4), usual[1])
    window = Window(
        kind,
        controls.number_input("Window", 1, 4, key=size, width=NUMBER),
        controls.number_input("Stride", 1, 3, key=stride, width=NUMBER),
    )
    names = {"input": "window-input", "kernel": f"window-kernel-{window.size}"}
    x = np.reshape(address.numbers(names["input"], PATTERN), (SIDE, SIDE))
    weight = None
    if kind == CONVOLUTION:
        usual = _edges(window.size)
        weight = np.reshape(address.numbers(names["kernel"], usual.ravel().tolist()), usual.shape)
    sliding_window(x, weight, window, "sliding-window", keep_typed(names))
    st.markdown(WINDOWS[kind])


def _edges(size: int) -> np.ndarray:
    """A kernel that answers to what becomes brighter to the right: −1 at its left, 1 at its right edge."""
    weight = np.zeros((size, size))
    weight[:, 0] -= 1
    weight[:, -1] += 1
    return weight if size > 1 else np.ones((1, 1))


@st.fragment
def lab() -> None:
    """Choose the numbers of a transposed convolution; see it done, and where its kernels overlap."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("Kernel over stride:", width="content")
        for name, numbers in EXAMPLES.items():
            st.button(name, key=f"example-{name}", on_click=_use, args=(numbers,))
    controls = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    shape = INPUTS[address.choice("axes", INPUTS, "1-D")]
    controls.segmented_control("Axes", list(INPUTS), required=True, key="axes")
    numbers = {}
    limits = {
        "kernel": ("Kernel", 1, 6, 3),
        "stride": ("Stride", 1, 4, 2),
        "padding": ("Padding", 0, 6, 0),
        "extra": ("Output padding", 0, 3, 0),
        "dilation": ("Dilation", 1, 3, 1),
    }
    for key, (label, low, high, usual) in limits.items():
        address.choice(key, range(low, high + 1), usual)
        numbers[key] = controls.number_input(label, low, high, key=key, width=NUMBER)
    try:
        geometry = Geometry(
            numbers["kernel"], numbers["stride"], numbers["padding"], numbers["extra"], numbers["dilation"]
        )
        geometry.size(shape[0])
    except OptionError as error:
        st.warning(plain(str(error)), icon=":material/straighten:")
        return
    usual = _kernel(geometry.kernel, len(shape))
    names = {"input": f"input-{len(shape)}d", "kernel": f"kernel-{geometry.kernel}-{len(shape)}d"}
    weight = np.reshape(address.numbers(names["kernel"], usual.ravel().tolist()), usual.shape)
    by_hand(_input(shape), weight, geometry, f"by-hand-{len(shape)}d", keep_typed(names))
    _overlap(geometry)


def _use(numbers: dict[str, int]) -> None:
    st.session_state.update(numbers)


def keep_typed(names: Mapping[str, str]) -> Take:
    """What keeps the numbers typed, each list under its name."""

    def take(typed: Mapping[str, Sequence[float]]) -> None:
        for part, name in names.items():
            if typed.get(part):
                address.choose(name, [float(value) for value in typed[part]])

    return take


def _input(shape: tuple[int, ...]) -> np.ndarray:
    """The input of the transposed convolution, as it is typed."""
    axes = len(shape)
    return np.reshape(address.numbers(f"input-{axes}d", FIRST[f"{axes}-D"]), shape)


def _kernel(kernel: int, axes: int) -> np.ndarray:
    """A hill, so that one sees which way round it lies: 1, 2, 3 … falling off to the right by two."""
    line = np.minimum(np.arange(1, kernel + 1), 2 * np.arange(kernel, 0, -1)).astype(float)
    return line if axes == 1 else np.outer(line, line)


def _overlap(geometry: Geometry) -> None:
    st.header("Where do the kernels overlap?")
    counts = upsampling.overlap(WIDE, geometry)
    even = upsampling.unevenness(upsampling.overlap(12 * geometry.effective_kernel, geometry))
    left, right = st.columns([2, 3])
    with left:
        map_ = np.outer(counts, counts)
        st.plotly_chart(
            figures.number_grid(map_, whole=True, side=230),
            config=CHART,
            key="overlap-map",
            alt=f"How many of {WIDE} by {WIDE} input values reach each output pixel: {map_.min()} to {map_.max()}",
        )
    with right:
        st.markdown(upsampling.describe_overlap(geometry))
        deviation = "Standard deviation of the overlap along one axis over its mean; 0 is even."
        st.markdown(f"Unevenness **{even:.2f}**", help=deviation)
        st.markdown(
            f"How many of {WIDE} × {WIDE} input values reach each output pixel? Bright is many; where overlap is even, "
            "the middle is one colour. "
            "[Odena et al., Distill 2016](https://distill.pub/2016/deconv-checkerboard/)"
        )
    with st.expander(
        "Does it even out by itself, layer after layer?", expanded=address.choice("layers", range(1, 5), 2) != 2
    ):
        _layers(geometry)


def _layers(geometry: Geometry) -> None:
    layers = st.slider("Such layers, one after another", 1, 4, key="layers", width=320)
    ways = upsampling.stacked(WIDE, [geometry] * layers)
    middle = slice(len(ways) // 3, len(ways) // 3 + 48)
    st.markdown(
        f"Along how many ways an input value reaches each pixel after {layers} "
        f"layer{'s' * (layers > 1)}, in the middle of the output; unevenness {upsampling.unevenness(ways):.2f}."
    )
    st.plotly_chart(
        figures.overlap_profile(ways[middle].tolist()),
        config=CHART,
        key="overlap-profile",
        alt=f"Overlap along one axis after {layers} layers",
    )


def other_ways() -> None:
    """The way down by pooling and every way back up, on the 2-D input typed above."""
    x = _input(INPUTS["2-D"])
    largest, indices, average = upsampling.pooled(x)
    scale = float(np.abs(x).max()) or 1.0
    st.markdown("**Down**")
    _grids("down", {"input": x, "max pooling": largest, "average pooling": average}, scale)
    st.markdown("**Up again, from the result of max pooling**")
    _grids("up", upsampling.ways_up(largest, indices), scale)
    st.markdown(
        "Which of them knows where the largest values were? Only max-unpooling: it puts them back where the encoder "
        "found them (SegNet, Badrinarayanan et al. 2017). Pixel shuffle (Shi et al. 2016) takes four pixels from four "
        "channels, here averages of neighbours; a blur stands for the learned convolution. The input is the 2-D one "
        "above."
    )


def _grids(way: str, grids: dict[str, np.ndarray], scale: float) -> None:
    with row(f"ways-{way}"):
        for name, values in grids.items():
            with st.container(width=GRID, gap="xsmall"):
                st.plotly_chart(
                    figures.number_grid(values, scale, side=GRID),
                    config=CHART,
                    key=f"way-{name}",
                    alt=f"{name}: {values.shape[0]} by {values.shape[1]} numbers",
                )
                st.caption(name)  # below it, as a handout has it


# Our networks --------------------------------------------------------------------------------------------------------


def variants(exhibit: Exhibit, comparison: Comparison) -> None:
    """Networks that differ in the way up alone: what pattern each leaves."""
    st.markdown("**The same encoder/decoder, four ways up**")
    entries = {entry.title: entry for entry in comparison.entries}
    measured = answers.collect(
        {title: answers.ask(exhibit, entry.weights, Measure()) for title, entry in entries.items()},
        "Measuring the patterns",
    )
    scale = max(
        (float(np.abs(one.pattern).max()) for one in measured.values() if one.pattern is not None), default=None
    )
    with row("variants", gap="medium"):
        for title, found in measured.items():
            with st.container(width=220, gap="xsmall"):
                st.markdown(f"{plain(title)}")
                _pattern(found, f"variant-{title}", scale)
    st.markdown(
        "Which way up leaves a grid? What repeats in the logits, three periods of the class where it is strongest, "
        "in one scale of colours. Max-unpooling leaves holes that the next convolution must fill; transposed "
        "convolutions with 3 over 2 overlap unevenly; a resize leaves no grid of its own."
    )


def _pattern(found: Measurement, key: str, scale: float | None = None) -> None:
    if found.pattern is None or found.strongest is None:
        st.markdown("The picture is too small to measure it.")
        return
    period, energy = found.strongest
    amplitude = float(np.abs(found.pattern).max())
    st.plotly_chart(
        figures.number_grid(found.pattern, scale, side=200),
        config=CHART,
        key=f"pattern-{key}",
        alt=f"The pattern that repeats every {period} pixels, up to {amplitude:.2g} logits",
    )
    more, level = times(energy), f"{energy:.1f}".replace("-", "−")
    st.markdown(
        f"{level} dB, every {period} pixels: {more:,.{0 if more >= 10 else 2}f} times what lies beside it in the "
        f"spectrum, up to ±{amplitude:.2g} in the logits."
    )


def measured(exhibit: Exhibit, sets: dict[str, WeightSet]) -> dict[str, Measurement]:
    """Ask every set and draw the ranking. Returns what was found, the strongest pattern first."""
    looked_into = {name: weights for name, weights in sets.items() if weights.record.is_module}
    words = sets_in_words(sets.values())
    answered = answers.collect(
        {words[name]: answers.ask(exhibit, weights, Measure()) for name, weights in looked_into.items()},
        "Measuring the patterns",
    )
    found = {name: answered[words[name]] for name in looked_into if words[name] in answered}
    strongest = {name: one.strongest for name, one in found.items() if one.strongest}
    st.markdown(
        "Which network's logits carry the grid of its strides? Energy of the spectrum at the frequencies of the "
        "strides, against the frequencies beside them: 0 dB is as much as there, so no grid; 10 dB is ten "
        "times as much, and below 0 there is less than beside. Periods that fit fewer than eight times into the "
        "picture cannot be measured."
    )
    if strongest:
        with wide("ranking"):
            st.plotly_chart(
                figures.ranking({words[name]: one for name, one in strongest.items()}),
                config=CHART,
                key="ranking",
                alt="Networks ranked by the energy of the checkerboard in their logits",
            )
    if whole := [name for name in sets if name not in looked_into]:
        st.markdown(plain(f"Not measured, an ONNX file runs as a whole: {'; '.join(words[name] for name in whole)}."))
    missing = [name for name in found if name not in strongest]
    if missing:
        st.markdown(
            plain(
                "Not measured, no step up or none short enough for this picture: "
                f"{'; '.join(words[name] for name in missing)}."
            )
        )
    ranked = sorted(strongest, key=lambda name: -strongest[name][1])
    return {name: found[name] for name in [*ranked, *missing]}


def one_network(exhibit: Exhibit, weights: WeightSet, found: Measurement) -> None:
    """One network's way up: its steps, the overlap they make, the pattern measured, the kernels learned."""
    kernels = answers.collect({weights.name: answers.ask(exhibit, weights, Kernels())}).get(weights.name, ())
    with beside("one-network"):
        left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Its steps up**")
        st.markdown(in_words(found.stack))
        if found.stack:
            ways = upsampling.stacked(12, [geometry_of(step) for step in found.stack])
            middle = ways[len(ways) // 3 : len(ways) // 3 + 48].astype(float)
            st.plotly_chart(
                figures.number_grid(np.outer(middle, middle) / max(middle.max(), 1.0) ** 2, whole=True, side=200),
                config=CHART,
                key="network-overlap",
                alt="Overlap of the network's steps up, compounded",
            )
            st.markdown(
                "What would the kernels' overlap alone leave? Ways to each of 48 × 48 pixels through all steps; "
                f"unevenness {upsampling.unevenness(ways):.2f}. Training may learn kernels that make up for it: has it?"
            )
    with right:
        st.markdown("**What is measured**")
        _pattern(found, "one")
    st.markdown("**The kernels it learned**")
    if not kernels:
        st.markdown("It has no transposed convolution: nothing to learn on the way up.")
        return
    grids = {}
    for kernel in kernels:
        name = f"{kernel.layer}, {kernel.mean.shape[0]} over {kernel.stride}"
        if kernel.start is not None:
            grids |= {f"{name}: learned, mean over classes": kernel.mean, f"{name}: bilinear, its start": kernel.start}
        else:
            grids[f"{name}: mean of the weights' size"] = kernel.taps
    with row("kernels", gap="medium"):
        for name, values in grids.items():
            with st.container(width=220, gap="xsmall"):
                st.plotly_chart(
                    figures.number_grid(values, whole=name.endswith("size"), side=200),
                    config=CHART,
                    key=f"kernel-{name}",
                    alt=name,
                )
                st.caption(plain(name))
    st.markdown(
        "Did training keep the start? An FCN's kernels begin as bilinear interpolation (Long et al. 2015), others at "
        "random: training may even out an uneven overlap, by larger weights where fewer taps land."
    )


def geometry_of(step: Upsampling) -> Geometry:
    return Geometry(step.kernel, step.stride, step.padding, step.output_padding)


def in_words(stack: tuple[Upsampling, ...] | None) -> str:
    """'transposed 4 over 2, 4 over 2, 16 over 8'."""
    if stack is None:
        return "its steps up cannot be read off it"
    if not stack:
        return "no step up"
    parts, before = [], None
    for step in stack:
        learned = step.method == "transposed"
        size = f"{step.kernel} over {step.stride}" if learned else f"× {step.stride}"
        parts.append(size if step.method == before else f"{step.method} {size}")
        before = step.method
    return ", ".join(parts)
