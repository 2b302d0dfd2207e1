"""The names of the export formats, for those who offer them without what makes them."""

from __future__ import annotations

from types import MappingProxyType

EXPORT_FORMATS = MappingProxyType(
    {
        "raw": "Jobs, pictures and events as they are stored",
        "pickapic": "Preferences in the columns of Pick-a-Pic",
        "hpd1": "Choices from grids in the form of HPD v1",
        "hpd2": "Pairs and rankings in the form of HPDv2",
        "hpd3": "Pairs and votes in the form of HPDv3",
        "imagereward": "Rankings in the form of ImageReward",
        "kto": "Liked and disliked pictures",
        "flow-dpo": "Preferred and other pictures",
        "sft": "Liked pictures with captions",
        "aesthetic": "Mean ratings of pictures",
        "prompts": "Prompts",
        "diffusiondb": "Pictures and settings in the columns of DiffusionDB",
        "webdataset": "Pairs as WebDataset",
        "release": "All of them in one folder, with a manifest",
    }
)
"""What each format holds, in a few words; by the name that `easel export` takes."""

EXPORT_CHOICES = MappingProxyType({name: f"{name}: {contents}" for name, contents in EXPORT_FORMATS.items()})
"""Each format as one chooses it from a list, at most 100 characters; by its name."""
