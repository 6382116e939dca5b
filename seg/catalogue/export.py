"""A network of a weight set as an ONNX file, for programs that know nothing of this one."""

import io
import json
import warnings
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

    class FromBytes(nn.Module):
        """The network with what stands between a picture's bytes and it."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.register_buffer("mean", torch.tensor(record.mean)[:, None, None] * 255)
            self.register_buffer("std", torch.tensor(record.std)[:, None, None] * 255)

        def forward(self, picture: Tensor) -> Tensor:
            shown = picture.flip(1) if record.channel_order == "bgr" else picture
            return self.network((shown.float() - self.mean) / self.std) / record.temperature

    file = io.BytesIO()
    picture = torch.zeros(1, len(record.mean), *record.tile, dtype=torch.uint8)
    try:
        with warnings.catch_warnings(), torch.no_grad():
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
    except Exception as error:  # whatever the exporter meets
        raise WeightsError(
            f"{record.name} cannot be written as ONNX ({type(error).__name__}): it has operations that ONNX has not."
        ) from error
    model = onnx.load_from_string(file.getvalue())
    onnx.helper.set_model_props(model, {CLASSES: json.dumps([c.name for c in record.classes])})
    return model.SerializeToString()
