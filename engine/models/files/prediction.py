"""What a single file or an adapter says about the prediction of its model: empty tensors and metadata.

ComfyUI and reForge read the tensors `v_pred`, `ztsnr`, `edm_mean` and `edm_vpred.sigma_max`; trainers write the
metadata of ModelSpec (`modelspec.`) and of sd-scripts (`ss_`), and ComfyUI writes `modelspec.predict_key`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from engine.models.files.json_files import shown

V, EPSILON, SAMPLE, FLOW = "v_prediction", "epsilon", "sample", "flow_prediction"
_EDM_TENSORS = ("edm_mean", "edm_std", "edm_vpred.sigma_max", "edm_vpred.sigma_min")
# Tensors that say something and are no weights.
TENSORS_THAT_TELL = frozenset({"v_pred", "ztsnr", *_EDM_TENSORS})
_PREDICTION_KEYS = ("modelspec.prediction_type", "modelspec.predict_key", "prediction_type")
# The only architecture of ModelSpec whose name says what it predicts.
_ARCHITECTURE, _V_ARCHITECTURE = "modelspec.architecture", "stable-diffusion-v2-768-v"
_V_KEYS = ("ss_v_parameterization", "v_parameterization", "v_pred")
_ZERO_SNR_KEYS = ("ss_zero_terminal_snr", "zero_terminal_snr", "ztsnr")
# How the prediction types are written, without `prediction` at the end and what joins their words.
_PREDICTIONS: Mapping[str, str] = {
    **dict.fromkeys(("v", "velocity", "vparameterization"), V),
    **dict.fromkeys(("epsilon", "eps", "e", "noise"), EPSILON),
    **dict.fromkeys(("sample", "x", "x0", "xstart", "originalsample"), SAMPLE),
    **dict.fromkeys(("flow", "flowmatch", "flowmatching", "rectifiedflow", "rf", "flowvelocity"), FLOW),
}
_UNSAID = frozenset({"", "none", "null", "unknown"})
_BOOLEANS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}


@dataclass(frozen=True, kw_only=True)
class FileSays:
    """What a single file says of itself.

    settings: for the scheduler, as in diffusers.
    evidence: the tensor or metadata that says so.
    is_edm: whether its tensors are those of an EDM model.
    contradictions: what it says against itself, in words.
    unknown: what it says that nothing here understands, in words.
    """

    settings: Mapping[str, str | bool] = field(default_factory=lambda: MappingProxyType({}))
    evidence: str = ""
    is_edm: bool = False
    contradictions: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def prediction(self) -> str | None:
        """The prediction type; None where nothing says one."""
        said = self.settings.get("prediction_type")
        return None if said is None else str(said)


def told_by_file(header: Mapping[str, Any]) -> FileSays:
    """Return what the header of a safetensors file says; a tensor counts more than metadata.

    Zero terminal SNR does not count where noise is predicted: at the last timestep there is nothing else to see.
    """
    metadata = header.get("__metadata__") or {}
    edm = next((name for name in _EDM_TENSORS if name in header), None)
    if edm is not None:
        return FileSays(evidence=f"tensor {edm}", is_edm=True)
    said = [*_predictions(header, metadata)]
    zero = [*_zero_snr(header, metadata)]
    prediction, evidence = said[0] if said else (None, "")
    against = [*(place for other, place in said if other != prediction)]
    told = [f"its {evidence} says {prediction}, which is used, but its {place} says otherwise" for place in against]
    settings: dict[str, str | bool] = {} if prediction is None else {"prediction_type": prediction}
    if zero and prediction in (V, SAMPLE):
        settings["rescale_betas_zero_snr"] = True
        evidence += f", {zero[0]}"
    elif zero:
        told.append(
            f"its {zero[0]} says zero terminal SNR, which is ignored because nothing in it says v-prediction or sample"
        )
    return FileSays(settings=settings, evidence=evidence, contradictions=tuple(told), unknown=tuple(_unknown(metadata)))


def _predictions(header: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each prediction type that is said, with where."""
    if "v_pred" in header:
        yield V, "tensor v_pred"
    for key in _PREDICTION_KEYS:
        if (prediction := _prediction(_word(metadata, key))) is not None:
            yield prediction, f"metadata {key}"
    if _word(metadata, _ARCHITECTURE).startswith(_V_ARCHITECTURE):
        yield V, f"metadata {_ARCHITECTURE}"
    for key in _V_KEYS:
        if (is_v := _BOOLEANS.get(_word(metadata, key))) is not None:
            yield (V if is_v else EPSILON), f"metadata {key}"


def _zero_snr(header: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield where zero terminal SNR is said."""
    if "ztsnr" in header:
        yield "tensor ztsnr"
    yield from (f"metadata {key}" for key in _ZERO_SNR_KEYS if _BOOLEANS.get(_word(metadata, key)))


def _unknown(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Yield what metadata says of the prediction in words that mean nothing here."""
    for key in (*_PREDICTION_KEYS, *_V_KEYS, *_ZERO_SNR_KEYS):
        word = _word(metadata, key)
        is_known = _prediction(word) is not None if key in _PREDICTION_KEYS else word in _BOOLEANS
        if word not in _UNSAID and not is_known:
            yield f"metadata {key} is {shown(metadata[key])}"


def _prediction(word: str) -> str | None:
    bare = re.sub(r"[\W_]", "", word)
    return _PREDICTIONS.get(bare) or _PREDICTIONS.get(re.sub(r"pred(?:iction)?$", "", bare))


def _word(metadata: Mapping[str, Any], key: str) -> str:
    return str(metadata.get(key, "")).strip().lower()
