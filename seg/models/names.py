"""What there is, by name. Nothing here imports torch, so that records and tables of scores need not."""

TITLES = {
    "conv_stack": "Conv stack",
    "encoder_decoder": "Encoder/decoder",
    "fcn32s": "FCN-32s",
    "fcn16s": "FCN-16s",
    "fcn8s": "FCN-8s",
    "unet": "U-Net",
    "fc_densenet56": "FC-DenseNet56",
    "fc_densenet67": "FC-DenseNet67",
    "fc_densenet103": "FC-DenseNet103",
}
"""Architecture → the name people know it by, in the order of their history."""

ARCHITECTURES = tuple(TITLES)

SMP = "smp"
"""Any architecture on any encoder of segmentation_models.pytorch; which, the backbone says: "fpn/resnet18"."""

KNOWN = (*ARCHITECTURES, SMP)
"""What `build_model` builds and training trains."""

TRANSFORMERS = "transformers"
"""Any network of transformers for semantic segmentation, which `build_model` builds, too, from its configuration."""

HEAD = "lite_head"
"""A small head on an encoder that stays as it is: what `seg.training.teach` teaches, and `build_model` builds, too."""

BACKBONES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
"""Encoders that may start from ImageNet, for the architectures in `ON_BACKBONE`."""

ON_BACKBONE = ("encoder_decoder", "fcn32s", "fcn16s", "fcn8s", "unet")

UPSAMPLING = ("unpool", "transposed", "bilinear", "nearest")
"""The ways up of the encoder/decoder."""
