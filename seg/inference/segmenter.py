"""`Segmenter`: the one door to inference. A picture goes in, a `Prediction` comes out."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor, nn

from seg.catalogue.foreign import IMAGENET
from seg.catalogue.record import Arguments, Record, classes_of
from seg.catalogue.store import SHIPPED, WeightIndex
from seg.datasets.palette import told_apart
from seg.errors import NotEnoughMemoryError, OptionError
from seg.inference.activity import ACTIVITY
from seg.inference.engines import Blueprint, Engine, build_engine
from seg.inference.engines.openvino.onnx import OnnxEngine
from seg.inference.engines.pytorch import is_out_of_memory
from seg.inference.labelling import labels_at, strips
from seg.inference.scaling import MAX_ENLARGEMENT, SCALED, check_picture
from seg.inference.tiling import ALIGNMENT, Tiling
from seg.labels import IGNORE, ClassMap
from seg.models.blocks import Network
from seg.models.wrapped import MULTIPLE, Wrapped
from seg.pictures.resize import normalise, to_channels

T = TypeVar("T")

PATIENT_PIXELS = 2_000_000
"""A picture of more than so many gives way to others while its labels are decided."""

PARAMETER_BYTES = 4

VIEWS = tuple((scale, is_mirrored) for scale in (1.0, 1.25) for is_mirrored in (False, True))
"""What a network with `tta` looks at: the picture at two scales, each as it is and mirrored."""

DETAILS = (1, 2, 4)
"""How finely a network may see a picture, in multiples of the scale that it was trained at."""


@dataclass(frozen=True)
class Prediction:
    """What a network makes of a picture of (H, W).

    labels: uint8 (H, W), class ids.
    confidence: float16 (H, W), the winning class's softmax probability at the set's temperature.
    seconds: wall time of the network alone.
    device: where it ran; notes: sentences about what went otherwise than asked for.
    """

    labels: np.ndarray
    confidence: np.ndarray
    seconds: float
    device: str
    notes: tuple[str, ...] = ()

    @property
    def mean_confidence(self) -> float:
        return float(self.confidence.mean(dtype=np.float64))


class Segmenter:
    """A trained network with everything between a picture's pixels and its labels.

    Pictures are uint8 (H, W, 3) RGB or (H, W) grey, of any size; a colour picture for a grey network becomes luminance,
    a grey one for a colour network is repeated. Use from `callers` threads at a time: one, unless it was loaded for
    more and its engine lets them.
    """

    def __init__(
        self,
        record: Record,
        network: Network | Callable[[], Network] | Path,
        device: str = "auto",
        engine: str = "auto",
        callers: int = 1,
        tta: bool = False,
        at_once: bool = False,
    ):
        """network: the module or what loads it, the file where the record says that it is ONNX.

        tta: decide from the mean logits of `VIEWS`, test-time augmentation, in five to ten times the time. callers,
        at_once: see `seg.inference.engines.build_engine`.
        """
        self.record = record
        self.tta = tta
        self._of_thread = threading.local()
        if isinstance(network, Path):
            self.engine: Engine = OnnxEngine(network, record, device, engine)
            return
        blueprint = Blueprint(record.model, asdict(record.arguments))
        self.engine = build_engine(network, device, engine, record.sha256, blueprint, callers, at_once)

    @property
    def give_way(self) -> Callable[[], object] | None:
        """Called between batches of tiles, and between strips of a large picture, on the thread that asked and has set
        it: the network itself may be asked something else there."""
        return getattr(self._of_thread, "give_way", None)

    @give_way.setter
    def give_way(self, called: Callable[[], object] | None) -> None:
        self._of_thread.give_way = called

    @classmethod
    def load(
        cls,
        name: str,
        device: str = "auto",
        engine: str = "auto",
        weights: str | Path = SHIPPED,
        callers: int = 1,
        tta: bool = False,
        at_once: bool = False,
    ) -> "Segmenter":
        """The weight set called `name` of the folder `weights`; callers, tta, at_once: see `Segmenter`.

        Raises WeightsError for a set that is unknown, missing or damaged, OptionError for a device that is not there.
        """
        index = WeightIndex(weights)
        record = index.record(name)
        index.verify(record)
        network = partial(index.load, record) if record.is_module else index.file(record)
        return cls(record, network, device, engine, callers, tta, at_once)

    @classmethod
    def from_module(
        cls,
        module: nn.Module,
        classes: Sequence[str] | ClassMap,
        mean: Sequence[float] = IMAGENET[0],
        std: Sequence[float] = IMAGENET[1],
        scale: int = 512,
    ) -> "Segmenter":
        """A network of one's own, where it is and as it is now: put in evaluation, it runs in PyTorch.

        module: float32 (N, C, h, w), normalised → logits (N, K, h', w') of any resolution, as a tensor, as `.logits`,
        or as "out" of a dictionary; K is the number of classes, or 1 of two. classes: their names, or a class map.
        mean, std: one a channel, red first, of pictures from 0 to 1; ImageNet's unless given. scale: the short side of
        a picture as it learned it, in pixels.

        Raises OptionError with a sentence for numbers that do not fit, and a module that gives no such logits.
        """
        record = _record_of(module, classes, mean, std, scale)
        wrapped = Wrapped(module).eval()
        first = next(chain(module.parameters(), module.buffers()), torch.zeros(0))
        segmenter = cls(record, wrapped, str(first.device), "torch")
        try:
            outputs = segmenter.forward(torch.zeros(1, len(record.mean), MULTIPLE, MULTIPLE)).shape[1]
        except Exception as error:  # whatever somebody else's module meets
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise OptionError(f"{record.model} cannot be run on a picture: {said[0].rstrip('.')}.") from error
        if outputs != len(record.classes):
            raise OptionError(f"{record.model} gives {outputs} logits, and {len(record.classes)} classes are named.")
        return segmenter

    @ACTIVITY.during()
    def __call__(self, image: np.ndarray, detail: int = 1, skips: Collection[str] | None = None) -> Prediction:
        """Segment a picture at `detail` times the training scale (1, 2 or 4), on overlapping tiles.

        skips: the skip connections to keep, None for all; with a choice the network runs untiled at training scale.
        Raises ImageError for what is no picture of bytes, for one that is empty or more than 64 times as long as wide,
        OptionError for another detail and for a skip that the network does not have, NotEnoughMemoryError for a picture
        that this machine cannot hold. So do `logits`, `features` and `gradient`.
        """
        if detail not in DETAILS:
            raise OptionError(f"The detail is {detail!r}, in multiples of the training scale: choose 1, 2 or 4.")
        known = self._known(skips)
        return self._with_enough_memory(lambda: self._segment(image, detail, known))

    def _known(self, skips: Collection[str] | None) -> set[str] | None:
        """Raises OptionError for a skip that the network does not have."""
        if skips is not None and (unknown := set(skips) - set(self.skip_names)):
            known = ", ".join(self.skip_names) or "none"
            raise OptionError(f"{self.record.model} has no skip {', '.join(sorted(unknown))}: it has {known}.")
        return None if skips is None else set(skips)

    def _with_enough_memory(self, work: Callable[[], T]) -> T:
        """`work()`, on the CPU if the device has too little memory for it."""
        try:
            try:
                return work()
            except torch.OutOfMemoryError:
                self.engine.move_to_cpu()
                return work()
        except (RuntimeError, MemoryError) as error:
            if isinstance(error, NotEnoughMemoryError) or not is_out_of_memory(error):
                raise
            raise NotEnoughMemoryError(
                "There is not enough memory for this picture: choose a coarser detail, or close other programs."
            ) from error

    def _segment(self, image: np.ndarray, detail: int, skips: Collection[str] | None) -> Prediction:
        seconds = 0.0

        def timed(run: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
            def timed_run(batch: Tensor) -> Tensor:
                nonlocal seconds
                start = time.perf_counter()
                logits = run(batch)
                seconds += time.perf_counter() - start
                return logits

            return timed_run

        if skips is None:
            logits = self._seen(image, detail, timed(self._run))
        else:
            untiled = timed(lambda batch: self.forward(batch, skips).float().cpu())
            logits = untiled(self._input(image))[0]
        height, width = image.shape[:2]
        give_way = self.give_way if height * width > PATIENT_PIXELS else None
        if give_way is not None:
            logits = logits.clone()  # else they are good until the next run only
        labels, confidence = labels_at(logits, height, width, self.record.temperature, give_way)
        if self.record.labels_only:
            confidence = np.ones_like(confidence)
        return Prediction(labels, confidence, seconds, str(self.device), tuple(self.engine.notes))

    def full_logits(self, image: np.ndarray, detail: int = 1) -> Iterator[Tensor]:
        """What labels and confidence are decided from, before the temperature: float32 (C, rows, W), strip by strip
        from top to bottom."""
        return strips(self._seen(image, detail), *image.shape[:2])

    @ACTIVITY.during()
    def probabilities(self, image: np.ndarray, detail: int = 1) -> np.ndarray:
        """Of every class at every pixel, at the set's temperature: float16 (C, H, W).

        Raises OptionError for a network that gives labels alone.
        """
        if self.record.labels_only:
            raise OptionError(f"{self.record.name} gives labels alone: it has no probabilities.")

        def probabilities() -> np.ndarray:
            parts = (part / self.record.temperature for part in self.full_logits(image, detail))
            return np.concatenate([part.softmax(dim=0).half().cpu().numpy() for part in parts], axis=1)

        return self._with_enough_memory(probabilities)

    @ACTIVITY.during()
    def logits(self, image: np.ndarray, skips: Collection[str] | None = None) -> np.ndarray:
        """Float32 (C, h, w) at training scale; untiled, except of an ONNX file, which may take one size alone."""
        known = self._known(skips)
        if not self.record.is_module:
            return self._with_enough_memory(lambda: self._tiled(self._scaled(image)).numpy())
        return self._with_enough_memory(lambda: self.forward(self._input(image), known).float().cpu()[0].numpy())

    @ACTIVITY.during()
    def features(self, image: np.ndarray, stage: str) -> np.ndarray:
        """What the submodule called `stage` gives for a picture: float32 (channels, h, w), untiled.

        Raises OptionError for a stage that the network does not have.
        """
        modules = dict(self.module.named_modules())
        if stage not in modules:
            raise OptionError(f"{self.record.model} has no stage {stage!r}.")
        outputs: list[Tensor] = []

        def record_output(module: nn.Module, inputs: tuple, output: Tensor | tuple) -> None:
            outputs.append(output if isinstance(output, Tensor) else output[0])

        hook = modules[stage].register_forward_hook(record_output)
        try:
            self._with_enough_memory(lambda: self.forward(self._input(image)))
        finally:
            hook.remove()
        return outputs[-1][0].float().cpu().numpy()

    @ACTIVITY.during()
    def gradient(self, image: np.ndarray, y: int, x: int) -> np.ndarray:
        """The effective receptive field of the output pixel (y, x) at training scale: float32 (h, w), ≥ 0.

        |d winning logit / d input|, summed over channels (Luo et al., 'Understanding the Effective Receptive Field in
        Deep Convolutional Neural Networks', NeurIPS 2016).
        """

        def gradient() -> np.ndarray:
            batch = self._input(image).to(self.device).requires_grad_()
            logits = self.module(batch)[0, :, y, x]
            (found,) = torch.autograd.grad(logits.max(), batch)
            return found[0].abs().sum(dim=0).cpu().numpy()

        return self._with_enough_memory(gradient)

    def forward(self, batch: Tensor, skips: Collection[str] | None = None) -> Tensor:
        """The network itself: normalised (N, C, h, w) of any size on any device → logits on `device`."""
        return self.engine.forward(batch, skips)

    @property
    def module(self) -> Network:
        """The network itself, in evaluation, on `device`."""
        return self.engine.module

    @property
    def callers(self) -> int:
        """Threads that may ask it at once."""
        return self.engine.callers

    @property
    def held_bytes(self) -> int:
        """What the network takes now, with all that its engine has made of it."""
        return self.engine.held_bytes(PARAMETER_BYTES * self.record.parameters)

    @property
    def device(self) -> torch.device:
        """Where the network runs."""
        return self.engine.device

    @property
    def skip_names(self) -> tuple[str, ...]:
        """The skip connections that can be left out, deepest or shallowest first as the network names them."""
        return self.module.skip_names if self.record.is_module else ()

    def _run(self, tiles: Tensor) -> Tensor:
        return self.engine.run(normalise(tiles, self.record.mean, self.record.std))

    def _seen(self, image: np.ndarray, detail: int, run: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Logits, float32 (K, h, w), at the training scale × detail."""
        if not self.tta:
            return self._tiled(self._scaled(image, detail), run)

        def view(scale: float, is_mirrored: bool) -> Tensor:
            scaled = self._scaled(image, detail * scale)
            logits = self._tiled(scaled.flip(-1) if is_mirrored else scaled, run)
            return logits.flip(-1) if is_mirrored else logits.clone()  # they are good until the next run only

        first, *others = (view(*how) for how in VIEWS)
        size = first.shape[-2:]
        others = [F.interpolate(one[None], size, mode="bilinear", align_corners=False)[0] for one in others]
        return torch.stack([first, *others]).mean(dim=0)

    def _tiled(self, scaled: Tensor, run: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Uint8 (C, h, w) → logits, float32 (K, h, w)."""
        wrapped, batches = run or self._run, 0

        def run_in_turn(tiles: Tensor) -> Tensor:
            nonlocal batches
            if batches and self.give_way is not None:
                self.give_way()
            batches += 1
            return wrapped(tiles)

        return self._tiling(scaled).blend(scaled, run_in_turn, self.engine.batch_size)

    def _tiling(self, scaled: Tensor) -> Tiling:
        """Landscape tiles for a landscape picture, the same turned for a portrait one if the network takes it."""
        height, width = scaled.shape[-2:]
        short, long = self.record.tile
        as_it_is = width >= height or not self.record.any_size
        return Tiling((height, width), (short, long) if as_it_is else (long, short))

    def _input(self, image: np.ndarray) -> Tensor:
        """The whole picture at training scale, normalised: float32 (1, C, h, w)."""
        return normalise(self._scaled(image)[None], self.record.mean, self.record.std)

    def _scaled(self, image: np.ndarray, detail: float = 1) -> Tensor:
        """Uint8 (C, h, w): the picture at training scale × detail, never enlarged more than 4 times."""
        check_picture(image)
        factor = min(self.record.scale * detail / min(image.shape[:2]), MAX_ENLARGEMENT)
        scaled = to_channels(SCALED.at(image, factor, self.engine.tile_device), len(self.record.mean))
        return scaled.flip(0) if self.record.channel_order == "bgr" else scaled


def _record_of(
    module: nn.Module, classes: Sequence[str] | ClassMap, mean: Sequence[float], std: Sequence[float], scale: int
) -> Record:
    """The record of a module that is in no file. Raises OptionError for numbers and names that do not fit."""
    name, short = type(module).__name__, -(-scale // ALIGNMENT) * ALIGNMENT
    if not isinstance(classes, ClassMap):
        classes = ClassMap("own", tuple(classes), told_apart(len(classes)), IGNORE)
    try:
        return Record(
            name=f"own/{name}",
            dataset=classes.dataset,
            model=name,
            arguments=Arguments(num_classes=len(classes), in_channels=len(mean)),
            loss="",
            scale=scale,
            mean=tuple(map(float, mean)),
            std=tuple(map(float, std)),
            tile=(short, -(-short * 4 // 3 // ALIGNMENT) * ALIGNMENT),
            classes=classes_of(classes),
            ignore=classes.disk_ignore,
            parameters=sum(parameter.numel() for parameter in module.parameters()),
            bytes=0,
            sha256="",
            source="a module",
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = ".".join(map(str, first["loc"]))
        raise OptionError(f"{name} cannot be used so: {what or 'classes, mean or std'}: {first['msg']}.") from error
