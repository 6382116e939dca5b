"""What an ONNX file takes and gives, as OpenVINO reads it: one picture in, logits or labels of each pixel out."""

import json
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Literal

from seg.errors import WeightsError

PROBE = (256, 352)
"""Height and width of the picture that tells how the answer of a network of any size lies: no side is like another."""

CHANNELS = (1, 3)
"""What pictures have."""

PASSED_THROUGH = ("Convert", "Interpolate", "Reshape", "Result", "Squeeze", "Transpose", "Unsqueeze")
"""Operations that leave probabilities what they are, on the way from the activation to the output."""

ONE_FILE = (
    "save it in one file, by torch.onnx.export(…, external_data=False) or by "
    "onnx.save(onnx.load('network.onnx'), 'one.onnx')"
)
"""How to come by an ONNX file that needs no other beside it."""

CLASSES = "classes"
"""Where a file may name its classes, as a JSON list, in its metadata."""

FLOATS = ("f16", "bf16", "f32", "f64")


@dataclass(frozen=True)
class OnnxNetwork:
    """An ONNX file that segments.

    model: OpenVINO's, for a batch of one. channels_last: whether it takes (1, h, w, C) instead of (1, C, h, w).
    size: the one height and width it takes, None for any. gives: what of each pixel, after which activation. outputs:
    logits of each pixel; 0 where it gives labels. answer_last: whether classes are the answer's last axis. classes:
    their names, where it has them.
    """

    model: Any
    channels: int
    channels_last: bool
    size: tuple[int, int] | None
    whole_numbers: bool
    gives: Literal["logits", "softmax", "sigmoid", "labels"] = "logits"
    outputs: int = 0
    answer_last: bool = False
    classes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """How many numbers its constants hold."""
        constants = (node for node in self.model.get_ops() if node.get_type_name() == "Constant")
        return sum(
            prod(node.output(0).get_shape()) for node in constants if node.get_element_type().to_string() in FLOATS
        )

    def shape(self, height: int, width: int) -> tuple[int, ...]:
        """That of its input for one picture."""
        return (1, height, width, self.channels) if self.channels_last else (1, self.channels, height, width)


def read_onnx(content: bytes, name: str) -> OnnxNetwork:
    """What an ONNX file is, from its bytes; name: what it is called in a sentence.

    Raises WeightsError with a sentence for a damaged file, for one that keeps its numbers in another, for one that does
    not segment, and without OpenVINO.
    """
    try:
        import openvino
    except ImportError as error:
        raise WeightsError("ONNX files are run by OpenVINO, which is not installed: pip install openvino.") from error
    try:
        model = openvino.Core().read_model(content)
    except (RuntimeError, ValueError) as error:  # ValueError where names in it are no text
        if "external data" in str(error).lower():
            raise WeightsError(f"{name} keeps its numbers in another file: {ONE_FILE}.") from error
        raise WeightsError(
            f"{name} is damaged, is no ONNX file, or holds operations that OpenVINO does not know: {_first(error)}."
        ) from error
    network = _input(model, name)
    if not model.outputs:
        raise WeightsError(f"{name} is no segmentation of pictures: it gives nothing.")
    try:
        # Of several answers, as of a network with an auxiliary head, the first is the one.
        found = network.model.outputs[0]
        shape = found.get_partial_shape()
        answer = [int(side) for side in shape.to_shape()] if shape.is_static else _tried(network)
    except RuntimeError as error:
        height, width = network.size or PROBE
        raise WeightsError(f"{name} does not take a picture of {width}×{height}: {_first(error)}.") from error
    return _output(network, answer, found.get_element_type().to_string() not in FLOATS, name)


def _input(model: Any, name: str) -> OnnxNetwork:
    """The network at its size, or at that of the probe. Raises WeightsError for what does not take one picture."""
    taken = [(one.get_any_name() if one.get_names() else "a picture", one.get_partial_shape()) for one in model.inputs]
    shapes = ", ".join(f"{title} {shape}" for title, shape in taken)
    if len(taken) != 1 or taken[0][1].rank.is_dynamic or len(taken[0][1]) != 4:
        raise WeightsError(
            f"{name} is no segmentation of pictures: it takes {shapes or 'nothing'}, not one batch of pictures with "
            "four axes."
        )
    batch, *sides = (side.get_length() if side.is_static else 0 for side in taken[0][1])
    first, last = sides[0] in CHANNELS, sides[2] in CHANNELS
    if not first and not last and any((sides[0], sides[2])):
        raise WeightsError(f"{name} takes {shapes}: pictures have one channel or three.")
    channels_last = last and not first
    height, width = sides[:2] if channels_last else sides[1:]
    if bool(height) != bool(width) or batch > 1:
        raise WeightsError(f"{name} takes {shapes}: export it for single pictures, of one size or of any.")
    network = OnnxNetwork(
        model,
        (sides[2] if channels_last else sides[0]) or 3,
        channels_last,
        (height, width) if height else None,
        model.inputs[0].get_element_type().to_string() not in FLOATS,
        classes=_classes(model),
    )
    if not taken[0][1].is_static:
        try:
            model.reshape(network.shape(*(network.size or PROBE)))
        except RuntimeError as error:
            raise WeightsError(f"{name} cannot be run on one picture: {_first(error)}.") from error
    return network


def _tried(network: OnnxNetwork) -> list[int]:
    """The shape of its answer to an empty picture."""
    import numpy as np
    import openvino

    empty = np.zeros(network.shape(*(network.size or PROBE)), np.float32)
    compiled = openvino.Core().compile_model(network.model, "CPU")
    return list(compiled([empty.astype(_numpy_type(compiled.inputs[0]))])[0].shape)


def _numpy_type(port: Any) -> Any:
    return port.get_element_type().to_dtype()


def _output(network: OnnxNetwork, answer: list[int], whole: bool, name: str) -> OnnxNetwork:
    """The network with what it gives. Raises WeightsError where that is no label of each pixel."""
    height, width = network.size or PROBE
    given = "×".join(map(str, answer))
    shape = answer[1:] if len(answer) > 2 and answer[0] == 1 else answer
    if len(shape) == 2:  # one number a pixel, with no axis for the classes
        shape = [1, *shape]
    fits = {last: _reduces(shape[:2] if last else shape[1:], height, width) for last in (False, True)}
    if len(shape) != 3 or not any(fits.values()):
        raise WeightsError(
            f"{name} is no segmentation: for a picture of {height}×{width} it gives {given}, which is no map of the "
            "picture."
        )
    last = fits[True] if fits[True] != fits[False] else network.channels_last
    outputs = shape[2] if last else shape[0]
    if whole and outputs != 1:
        raise WeightsError(f"{name} gives {given} whole numbers: neither logits of classes nor one label a pixel.")
    gives = "labels" if whole else _activation(network.model)
    return replace(network, gives=gives, outputs=0 if whole else outputs, answer_last=last)


def _reduces(sides: list[int], height: int, width: int) -> bool:
    """Whether a map of these sides lies over a picture, at its resolution or a lower one."""
    return 0 < sides[0] <= height and abs(sides[1] - width * sides[0] / height) < 1 and sides[0] > height // 64


def _activation(model: Any) -> Literal["logits", "softmax", "sigmoid"]:
    """The activation that the first output has been through, "logits" for none."""
    node = model.get_results()[0]
    while node.get_type_name() in PASSED_THROUGH:
        node = node.input_value(0).get_node()
    kinds: dict[str, Literal["softmax", "sigmoid"]] = {"Softmax": "softmax", "Sigmoid": "sigmoid"}
    return kinds.get(node.get_type_name(), "logits")


def _classes(model: Any) -> tuple[str, ...]:
    """What its metadata names them, () where it names none."""
    try:
        names = json.loads(model.get_rt_info(["framework", CLASSES]).astype(str))
    except (RuntimeError, ValueError):
        return ()
    return tuple(names) if isinstance(names, list) and all(isinstance(name, str) for name in names) else ()


def _first(error: Exception) -> str:
    """What OpenVINO says, as short as it can be told."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if not line.startswith("Exception")), "no reason given")
    return said[:160].rstrip(".")
