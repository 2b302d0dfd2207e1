"""IP-Adapters of one loaded pipeline: pictures to tokens, and a UNet that attends to them while it predicts.

Rows with other pictures, weights and IP-Adapters, and rows without, share a forward: what a row does without is
zeros, whose keys and values are zero too, so that nothing is added to it.
Source: Ye et al. 2023 (IP-Adapter), equation 5; `load_ip_adapter`, diffusers 0.42.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers.models.attention_processor import Attention, IPAdapterAttnProcessor2_0
from diffusers.models.embeddings import ImageProjection
from PIL import Image
from torch import Tensor, nn

from engine.contract.add_ons import AddOn, errors_about
from engine.contract.errors import ModelBroken
from engine.models.files.locate import ip_adapter_files
from engine.models.loading.errors import translated_errors
from engine.models.loading.exclusive import one_at_a_time
from engine.models.loading.ip_adapter import ImageEncoder, load_image_encoder, read_ip_adapter
from engine.models.loading.offload import weight_bytes
from engine.models.registry.ip_adapters import IPAdapter
from engine.models.registry.registry import Model
from engine.painter.sampling.guidance import Conditioning, PromptEmbeds, ReferenceTokens

WeightedImages = Sequence[tuple[Image.Image, float]]
# An IP-Adapter, its scale, and the pictures that it reads, in RGB.
ReferenceImages = tuple[IPAdapter, float, WeightedImages]


class RowScales:
    """A number for each row of a batch, where diffusers' attention has one for all of them."""

    def __init__(self) -> None:
        self.rows = torch.zeros(0)

    def __mul__(self, attended: Tensor) -> Tensor:
        return self.rows.view(-1, 1, 1) * attended


@dataclass(frozen=True, kw_only=True, eq=False)
class _Loaded:
    """One IP-Adapter: its hash, what makes tokens of embeddings, what makes embeddings, its scales by row."""

    sha256: str
    projection: nn.Module
    encoder: ImageEncoder
    scales: RowScales
    num_tokens: int


class IPAdapters:
    """The IP-Adapters of a pipeline, in its UNet only while it predicts for rows that have references."""

    def __init__(self, pipe: Any, model: Model) -> None:
        self._pipe, self._model = pipe, model
        self._loaded: dict[IPAdapter, _Loaded] = {}
        self._layers: list[tuple[Attention, Any, Any]] = []
        self._size_bytes = 0

    def has_loaded(self, adapters: Sequence[IPAdapter]) -> bool:
        return all(adapter in self._loaded for adapter in adapters)

    def sha256_of(self, adapter: IPAdapter) -> str:
        """Return the hash of the files that the IP-Adapter was loaded from; it must be loaded."""
        return self._loaded[adapter].sha256

    @property
    def sizes(self) -> Mapping[IPAdapter, int]:
        """The bytes that each takes, a share of what they take together."""
        return dict.fromkeys(self._loaded, self._size_bytes // max(1, len(self._loaded)))

    def drop(self) -> None:
        """Unload all of them, which share encoders and layers; they are loaded again on their next use."""
        self._loaded, self._layers, self._size_bytes = {}, [], 0

    def load(self, adapters: Sequence[IPAdapter]) -> None:
        """Load all the IP-Adapters of the model, unless they are loaded.

        Raises: ModelBroken, WeightsMissing, WeightsMismatch, torch.OutOfMemoryError; the UNet is then as before.
        """
        if self.has_loaded(adapters):
            return
        unet = self._pipe.unet
        layers = [(part, part.processor) for part in unet.modules() if isinstance(part, Attention)]
        read = [_read(adapter, self._model) for adapter in adapters]
        encoders = self._encoders(adapters)
        try:
            # diffusers warns when there is no image encoder in the pipeline; each IP-Adapter has its own here.
            self._pipe.register_modules(image_encoder=encoders[0].model)
            with one_at_a_time, _named(adapters, self._model):
                self._pipe.load_ip_adapter([parts for parts, _ in read], "", [""] * len(read), None)
            projections = list(unet.encoder_hid_proj.image_projection_layers)
            changed = [(part, before, part.processor) for part, before in layers]
        finally:
            self._pipe.unload_ip_adapter()
            for part, before in layers:
                part.set_processor(before)
        self._layers = [one for one in changed if isinstance(one[2], IPAdapterAttnProcessor2_0)]
        num_tokens = self._layers[0][2].num_tokens
        for at, adapter in enumerate(adapters):
            self._loaded[adapter] = _Loaded(
                sha256=read[at][1],
                projection=projections[at],
                encoder=encoders[at],
                scales=RowScales(),
                num_tokens=num_tokens[at],
            )
        self._set_scales()
        models = {id(one.model): one.model for one in encoders}.values()
        added = [*projections, *models, *(processor for _, _, processor in self._layers)]
        self._size_bytes = sum(map(weight_bytes, added))

    def with_references(self, conditioning: Conditioning, images: Sequence[ReferenceImages]) -> Conditioning:
        """Return the conditioning with what the IP-Adapters make of pictures; they must be loaded.

        images: for some IP-Adapters the scale and the pictures, whose embeddings are averaged by their weights.
        """
        given = {adapter: (scale, pictures) for adapter, scale, pictures in images}
        with translated_errors(self._model.name):
            pairs = [self._tokens(adapter, *given[adapter]) if adapter in given else None for adapter in self._loaded]
        positive = tuple(pair and pair[0] for pair in pairs)
        negative = tuple(pair and pair[1] for pair in pairs)
        unconditional = conditioning.unconditional
        return replace(
            conditioning,
            embeds=tuple(replace(one, references=positive) for one in conditioning.embeds),
            unconditional=unconditional and replace(unconditional, references=negative),
        )

    @contextmanager
    def attending(self, embeds: Sequence[PromptEmbeds]) -> Iterator[None]:
        """Let the UNet attend to the references of these rows; without any it stays as it is."""
        if not any(one.references for one in embeds):
            yield
            return
        unet = self._pipe.unet
        for at, loaded in enumerate(self._loaded.values()):
            rows = [one.references[at] if one.references else None for one in embeds]
            loaded.scales.rows = torch.tensor([row.scale if row else 0.0 for row in rows]).to(unet.device, unet.dtype)
        self._switch(is_on=True)
        try:
            yield
        finally:
            self._switch(is_on=False)

    def stacked(self, embeds: Sequence[PromptEmbeds]) -> list[Tensor]:
        """Return the tokens of all rows for each IP-Adapter, float [rows, 1, tokens, features]; zeros without."""
        return [self._stacked(at, loaded, embeds) for at, loaded in enumerate(self._loaded.values())]

    def _stacked(self, at: int, loaded: _Loaded, embeds: Sequence[PromptEmbeds]) -> Tensor:
        unet = self._pipe.unet
        shape = (1, loaded.num_tokens, unet.config.cross_attention_dim)
        nothing = torch.zeros(shape, dtype=unet.dtype, device=unet.device)
        rows = [one.references[at] if one.references else None for one in embeds]
        return torch.stack([row.tokens if row else nothing for row in rows])

    def _tokens(
        self, adapter: IPAdapter, scale: float, pictures: WeightedImages
    ) -> tuple[ReferenceTokens, ReferenceTokens]:
        """Return the tokens of pictures, and those of no picture, which the unconditional row has."""
        loaded = self._loaded[adapter]
        is_pooled = isinstance(loaded.projection, ImageProjection)
        read = [loaded.encoder.embed(image, is_pooled=is_pooled) for image, _ in pictures]
        total = sum(weight for _, weight in pictures)
        shares = [weight / total for _, weight in pictures]
        mean = torch.stack([one * share for (one, _), share in zip(read, shares, strict=True)]).sum(dim=0)
        both = (mean if len(read) > 1 else read[0][0], read[0][1])
        first, second = (ReferenceTokens(tokens=loaded.projection(one), scale=scale) for one in both)
        return first, second

    def _encoders(self, adapters: Sequence[IPAdapter]) -> list[ImageEncoder]:
        """Return the image encoder of each IP-Adapter; those of the same folder share it."""
        unet = self._pipe.unet
        found: dict[Path, ImageEncoder] = {}
        encoders: list[ImageEncoder] = []
        for adapter in adapters:
            with errors_about(AddOn.IP_ADAPTER, adapter.name), translated_errors(self._model.name):
                folder = ip_adapter_files(adapter)[1]
                found[folder] = found.get(folder) or load_image_encoder(folder, unet.dtype, unet.device)
            encoders.append(found[folder])
        return encoders

    def _set_scales(self) -> None:
        names = {id(part): name for name, part in self._pipe.unet.named_modules()}
        for part, _, processor in self._layers:
            name = names[id(part)]
            processor.scale = [
                loaded.scales if not adapter.blocks or name.startswith(adapter.blocks) else 0.0
                for adapter, loaded in self._loaded.items()
            ]

    def _switch(self, *, is_on: bool) -> None:
        unet = self._pipe.unet
        for part, plain, attending in self._layers:
            part.set_processor(attending if is_on else plain)
        # The references are tokens already.
        unet.encoder_hid_proj = nn.Identity() if is_on else None
        unet.config.encoder_hid_dim_type = "ip_image_proj" if is_on else None


def _read(adapter: IPAdapter, model: Model) -> tuple[dict[str, dict[str, Tensor]], str]:
    with _named((adapter,), model):
        return read_ip_adapter(adapter)


@contextmanager
def _named(adapters: Sequence[IPAdapter], model: Model) -> Iterator[None]:
    """Name the IP-Adapters in whatever says that they do not work with the model."""
    names = ", ".join(adapter.name for adapter in adapters)
    with errors_about(AddOn.IP_ADAPTER, names):
        try:
            with translated_errors(model.name):
                yield
        except ModelBroken as error:
            raise ModelBroken(name=model.name, cause=f"its IP-Adapter {names} does not fit: {error.cause}") from error
