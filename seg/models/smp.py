"""Any architecture on any encoder of segmentation_models.pytorch, under this package's contract: pictures of any size,
and skips with names.
"""

from typing import Any

import segmentation_models_pytorch as smp
import torch
from segmentation_models_pytorch.encoders import get_encoder_names
from torch import Tensor

from .blocks import Network, crop_to, pad_to_multiple, skip_or_zeros

ARCHITECTURES = tuple(name for name in smp.MODEL_ARCHITECTURES_MAPPING if name != "dpt")
"""What smp calls them. A DPT reads one size of picture only."""

MULTIPLE = {"pan": 128}
"""What the sides of a picture must be divisible by, where it is not 32: PAN halves the deepest features three times."""


class Smp(Network):
    """smp's architecture `arch` on its encoder `encoder`, neither of them with trained weights.

    Pictures are padded at the bottom and the right, by repeating their last row and column, to sides that smp can
    halve. Skips are the encoder's features that the decoder reads besides the deepest: "level1" is the full
    resolution, "level2" half of it, and so on.

    options: further arguments of the architecture, such as encoder_depth and decoder_channels.

    Raises ValueError with a sentence for an architecture or an encoder that smp does not have, or cannot combine.
    """

    def __init__(self, arch: str, encoder: str, num_classes: int, in_channels: int = 3, **options: Any):
        super().__init__()
        if arch not in ARCHITECTURES:
            raise ValueError(f"Unknown smp architecture {arch!r}: choose one of {', '.join(ARCHITECTURES)}.")
        if encoder not in get_encoder_names() and not encoder.startswith("tu-"):
            raise ValueError(
                f"Unknown smp encoder {encoder!r}: choose one that segmentation_models_pytorch lists, such as "
                "'resnet18', or a timm network behind 'tu-'."
            )
        try:
            network = smp.create_model(
                arch, encoder, encoder_weights=None, in_channels=in_channels, classes=num_classes, **options
            )
            self.encoder, self.decoder = network.get_submodule("encoder"), network.get_submodule("decoder")
            self.head = network.get_submodule("segmentation_head")
            self.multiple = MULTIPLE.get(arch, 32)
            self.levels = self._levels_read(in_channels)
        except (RuntimeError, ValueError, KeyError, TypeError, AssertionError) as error:
            raise ValueError(f"smp cannot build {arch!r} on {encoder!r}: {str(error).rstrip('.')}.") from error
        self.skip_names = tuple(self.levels.values())

    def _levels_read(self, in_channels: int) -> dict[int, str]:
        """Index among the encoder's features → name, for those that the decoder's output depends on."""
        device = next(self.parameters()).device
        training = self.training
        self.eval()
        with torch.enable_grad():
            features = self.encoder(torch.zeros(1, in_channels, self.multiple, self.multiple, device=device))
            features = [feature.detach().requires_grad_() for feature in features]
            decoded = self.decoder([feature * 1 for feature in features])  # a decoder may work in place
            gradients = torch.autograd.grad(decoded.sum(), features, allow_unused=True)
        self.train(training)
        return {
            i: f"level{i + 1}" for i, gradient in enumerate(gradients[:-1]) if gradient is not None and gradient.numel()
        }

    def forward(self, x: Tensor, skips: set[str] | None = None) -> Tensor:
        features = self.encoder(pad_to_multiple(x, self.multiple))
        kept = [skip_or_zeros(y, self.levels[i], skips) if i in self.levels else y for i, y in enumerate(features)]
        return crop_to(self.head(self.decoder(kept)), x)
