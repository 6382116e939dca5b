"""A network of a weight set as an ONNX file, for programs that know nothing of this one."""

import json
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from seg.catalogue.onnx import CLASSES
from seg.catalogue.record import Record
from seg.errors import WeightsError

if TYPE_CHECKING:
    from seg.models.blocks import Network

OPSET = 17


def to_onnx(record: Record, network: "Network") -> bytes:
    """An ONNX file of a network: uint8 (1, C, h, w), the picture's bytes at the record's tile, red first → float32
    logits (1, K, h, w), divided by the record's temperature. The names of the classes are in it, as JSON.

    `seg adopt` takes it back as it is. The network is left in evaluation. Raises WeightsError with a sentence without
    the package onnx, and for a network with operations that ONNX does not have.
    """
    import torch
    from torch import Tensor, nn

    try:
        import onnx
    except ImportError as error:
        raise WeightsError("Writing ONNX files needs the package onnx: pip install onnx.") from error

    mean, std = (255 * torch.tensor(numbers)[:, None, None] for numbers in (record.mean, record.std))

    class FromBytes(nn.Module):
        """The network with what stands between a picture's bytes and it."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, picture: Tensor) -> Tensor:
            shown = picture.flip(1) if record.channel_order == "bgr" else picture
            return self.network((shown.float() - mean) / std) / record.temperature

    picture = torch.zeros(1, len(record.mean), *record.tile, dtype=torch.uint8)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), torch.no_grad():
            file = Path(folder, "network.onnx")
            warnings.simplefilter("ignore")  # sizes are fixed, which it warns of, and the way to write is an older one
            torch.onnx.export(
                FromBytes().eval(),
                (picture,),
                file,
                input_names=["picture"],
                output_names=["logits"],
                opset_version=OPSET,
                dynamo=False,
            )
            model = onnx.load(file)
    except Exception as error:  # whatever the exporter meets
        raise WeightsError(
            f"{record.name} cannot be written as ONNX ({type(error).__name__}): it has operations that ONNX has not."
        ) from error
    onnx.helper.set_model_props(model, {CLASSES: json.dumps([c.name for c in record.classes])})
    return model.SerializeToString()
