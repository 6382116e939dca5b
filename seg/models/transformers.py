"""The networks of transformers for semantic segmentation, SegFormer and the like, under this package's contract."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .wrapped import Wrapped

MISSING = "A network of transformers needs that library, which is not installed: pip install transformers."


class Transformer(Wrapped):
    """What a configuration of transformers (its config.json) describes, without trained weights.

    Raises ValueError with a sentence without the library, and for a configuration of which it makes no network for
    semantic segmentation, or one of other sizes.
    """

    def __init__(self, num_classes: int, in_channels: int, config: Mapping[str, Any]):
        try:
            library: Any = import_module("transformers")
        except ImportError as error:
            raise ValueError(MISSING) from error
        kind = config.get("model_type")
        try:
            # Weights are read from the set's own file: nothing is fetched for a part of the network.
            known = library.AutoConfig.for_model(**{**config, "use_pretrained_backbone": False})
            network = library.AutoModelForSemanticSegmentation.from_config(known)
        except Exception as error:  # whatever the library meets in a configuration
            raise ValueError(f"transformers makes no network for semantic segmentation of {kind!r}.") from error
        channels = getattr(known, "num_channels", 3)
        if (known.num_labels, channels) != (num_classes, in_channels):
            raise ValueError(
                f"{kind!r} of transformers is configured for {known.num_labels} classes and {channels} channels, "
                f"not {num_classes} and {in_channels}."
            )
        super().__init__(network)

    @classmethod
    def saved_in(cls, folder: Path, num_classes: int, in_channels: int, config: Mapping[str, Any]) -> "Transformer":
        """What save_pretrained has written, with its weights, whose names in files are the library's affair.

        Raises ValueError with a sentence for files that are damaged or lack weights of the network.
        """
        model = cls(num_classes, in_channels, config)
        fresh: Any = model.network
        try:
            network, found = type(fresh).from_pretrained(
                folder, config=fresh.config, local_files_only=True, output_loading_info=True
            )
        except Exception as error:  # whatever the library meets in a file
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"transformers cannot read its weights: {said[0].rstrip('.:')}.") from error
        if missing := sorted(found["missing_keys"]):
            raise ValueError(f"It lacks {missing[0]}{f' and {len(missing) - 1} more' if missing[1:] else ''}.")
        model.network = network.float().eval()
        return model
