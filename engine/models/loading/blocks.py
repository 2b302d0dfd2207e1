"""The repeated blocks of a denoiser: most of its weights and nearly all of its work."""

from __future__ import annotations

from torch import nn

# Class names in diffusers; a UNet has two of them.
KINDS = frozenset(
    {
        "BasicTransformerBlock",
        "ResnetBlock2D",
        "JointTransformerBlock",
        "FluxTransformerBlock",
        "FluxSingleTransformerBlock",
        "Flux2TransformerBlock",
        "Flux2SingleTransformerBlock",
        "ChromaTransformerBlock",
        "ChromaSingleTransformerBlock",
        "AuraFlowJointTransformerBlock",
        "AuraFlowSingleTransformerBlock",
        "Lumina2TransformerBlock",
        "SanaTransformerBlock",
        "QwenImageTransformerBlock",
        "ZImageTransformerBlock",
    }
)


def repeated_blocks(denoiser: nn.Module) -> list[nn.Module]:
    """Return the repeated blocks of a denoiser, in the order of its modules."""
    return [part for part in denoiser.modules() if type(part).__name__ in KINDS]
