"""ONNX files on the CPU, run as they are."""

from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from seg.catalogue.onnx import OnnxNetwork, read_onnx
from seg.catalogue.record import Record
from seg.errors import OptionError, WeightsError
from seg.inference.engines.openvino.compiling import compile_network, compiled_bytes
from seg.models.blocks import Network
from seg.models.wrapped import with_both_classes

SURE = 100.0
"""The logit of the class that a network without logits says, where all others have 0."""

LEAST = 1e-7
"""The smallest probability whose logit is taken."""

WHOLE = "An ONNX file runs as a whole: what is inside it cannot be looked at."


class OnnxEngine:
    """Runs tiles one by one, in OpenVINO on the CPU, wherever others run.

    Raises WeightsError with a sentence, when first asked to run, for a file that is not what the record describes.
    """

    name = "openvino"
    callers = batch_size = 1
    device = tile_device = torch.device("cpu")

    def __init__(self, path: Path, record: Record, device: str = "auto", engine: str = "auto"):
        if engine == "torch":
            raise OptionError(f"{record.name} is an ONNX file, which OpenVINO runs: choose the engine openvino.")
        self.path, self.record = path, record
        self.notes: list[str] = []
        if device not in ("auto", "cpu"):
            self.notes.append("ONNX files run on the CPU.")
        if record.labels_only:
            self.notes.append(f"{record.name} gives labels alone, so its confidence is 1 everywhere.")
        self._requests: dict[tuple[int, int], Any] = {}

    @cached_property
    def network(self) -> OnnxNetwork:
        """The file as it is understood."""
        try:
            network = read_onnx(self.path.read_bytes(), str(self.path))
        except OSError as error:
            raise WeightsError(f"{self.path} cannot be read: {error.strerror}.") from error
        arguments = self.record.arguments
        expected = 0 if self.record.labels_only else arguments.num_classes
        outputs = 2 if network.outputs == 1 else network.outputs
        if (outputs, network.channels) != (expected, arguments.in_channels):
            raise WeightsError(f"{self.path} is not the network that the record of {self.record.name} describes.")
        return network

    def run(self, batch: Tensor) -> Tensor:
        """Float32 (N, C, h, w), normalised → logits, float32 (N, K, h, w). They are good until the next run."""
        return torch.cat([self._logits(tile[None]) for tile in batch])

    def _logits(self, tile: Tensor) -> Tensor:
        size = (tile.shape[-2], tile.shape[-1])
        if size not in self._requests:
            self._requests[size] = self._compiled(size)
        request, network = self._requests[size], self.network
        laid = (tile.permute(0, 2, 3, 1) if network.channels_last else tile).contiguous().numpy()
        wanted = request.get_input_tensor(0).data.dtype
        request.infer([(np.rint(laid) if network.whole_numbers else laid).astype(wanted, copy=False)])
        answer = torch.from_numpy(request.get_output_tensor(0).data)
        answer = answer.reshape(answer.shape[-3:] if answer.ndim > 2 else (1, *answer.shape))
        if network.gives == "labels":
            return self._as_logits(answer.flatten(), size)
        logits = (answer.permute(2, 0, 1) if network.answer_last else answer)[None].float()
        if network.gives == "softmax":
            logits = logits.clamp(min=LEAST).log()
        elif network.gives == "sigmoid":
            logits = torch.logit(logits, LEAST)
        logits = with_both_classes(logits)
        if logits.shape[-2:] != tile.shape[-2:]:
            return F.interpolate(logits, size, mode="bilinear", align_corners=False)
        return logits.clone() if logits.data_ptr() == answer.data_ptr() else logits

    def _as_logits(self, labels: Tensor, size: tuple[int, int]) -> Tensor:
        """Labels, (h' · w',), as logits of a tile of this size. Raises WeightsError for one that is no class."""
        classes, height = self.record.arguments.num_classes, round((len(labels) * size[0] / size[1]) ** 0.5)
        if (largest := int(labels.max())) >= classes or labels.min() < 0:
            raise WeightsError(
                f"{self.record.name} gives the label {largest}, and its record names {classes} classes: adopt it anew "
                "with all of them."
            )
        planes = F.one_hot(labels.long().view(height, -1), classes).permute(2, 0, 1)[None].float()
        return F.interpolate(planes, size, mode="nearest") * SURE

    def _compiled(self, size: tuple[int, int]) -> Any:
        """A request of the network for tiles of this size. Raises WeightsError if it does not take them."""
        network = self.network
        try:
            if network.size != size:
                network.model.reshape(network.shape(*size))
            return compile_network(network.model).create_infer_request()
        except RuntimeError as error:
            raise WeightsError(
                f"{self.record.name} does not take pictures of {size[1]}×{size[0]}: adopt it with another --size."
            ) from error

    def forward(self, batch: Tensor, skips: Collection[str] | None = None) -> Tensor:
        """There is no module to run."""
        raise OptionError(WHOLE)

    def held_bytes(self, parameters: int) -> int:
        """An estimate."""
        return sum(compiled_bytes(parameters, (1, *size)) for size in list(self._requests))

    @property
    def module(self) -> Network:
        """There is none: raises OptionError with a sentence."""
        raise OptionError(WHOLE)

    def move_to_cpu(self) -> None:
        """It is there."""

    @property
    def active(self) -> str:
        """The engine that answers."""
        return self.name

    def wait_until_ready(self) -> None:
        """There is nothing to wait for."""
