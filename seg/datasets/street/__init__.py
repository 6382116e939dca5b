"""Street scenes: the data set's record, and scenes rendered in the classes and proportions of the real set."""

from functools import partial

from seg.datasets.record import Dataset, Replay, register
from seg.datasets.street.classes import STREET
from seg.datasets.street.scene import render

__all__ = ["STREET", "render"]

_open = partial(render, height=360, width=480)

register(
    Dataset(
        name="street",
        title="Street scenes",
        order=20,
        class_map=STREET,
        size=(360, 480),
        samples=(17, 15, 26, 6),
        open=_open,
        replay=Replay(17, _open, (180, 240)),
        render=render,
        thin="poles, signs and fences",
        looks="a street",
        sentences={
            "training": "Choose sky or road below to follow one large class alone, then pole or sign for a thin one."
        },
    )
)
