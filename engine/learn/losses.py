"""Losses of preference learning, from the squared errors of the trained denoiser and of the one it started from.

errors are means over all latents of one picture, float32 [pairs]; the lower, the likelier the picture is to the model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, kw_only=True, eq=False)
class PairErrors:
    """Errors for the pictures that won and those that lost, at the same noise and timestep, float32 [pairs] each.

    reference_winner, reference_loser: those of the denoiser without the adapter.
    """

    winner: Tensor
    loser: Tensor
    reference_winner: Tensor
    reference_loser: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """The loss of a batch, a float32 scalar, and the implicit accuracy: of how many pairs the winner is likelier.

    Likelier means: compared with the reference model; 0 to 1.
    """

    value: Tensor
    accuracy: float


def dpo_loss(errors: PairErrors, beta: float) -> Loss:
    """Return the loss of Diffusion-DPO: the mean of -log sigmoid(-beta / 2 * ((w - w_ref) - (l - l_ref))).

    beta: how far the model may go from the reference; thousands, and the higher the less.
    Source: Wallace et al. 2023, equation 14, with T omega(lambda) as a part of beta; for flows, whose error is that of
    the velocity, Liu et al. 2025 (Flow-DPO), with its beta_t constant.
    """
    gains = rewards(errors.winner, errors.reference_winner, beta) - rewards(errors.loser, errors.reference_loser, beta)
    return Loss(value=-functional.logsigmoid(gains).mean(), accuracy=_share(gains > 0))


def kto_loss(errors: PairErrors, beta: float) -> Loss:
    """Return the loss of Diffusion-KTO: the mean of 1 - sigmoid(r - z) for what is liked, 1 - sigmoid(z - r) otherwise.

    z is the mean reward of the batch, at least 0, and is not learnt through: how far the model has gone altogether.
    Each picture stands for itself, so that likes and dislikes without a pair can be learnt from as well.
    Source: Li et al. 2024 (Diffusion-KTO), equation 7, with the sigmoid as its utility; Ethayarajh et al. 2024.
    """
    liked = rewards(errors.winner, errors.reference_winner, beta)
    disliked = rewards(errors.loser, errors.reference_loser, beta)
    gone = torch.cat([liked, disliked]).mean().clamp(min=0).detach()
    utility = torch.sigmoid(liked - gone) + torch.sigmoid(gone - disliked)
    return Loss(value=(1 - utility / 2).mean(), accuracy=_share(liked > disliked))


LOSSES = {"dpo": dpo_loss, "kto": kto_loss}


def rewards(errors: Tensor, reference: Tensor, beta: float) -> Tensor:
    """Return the implicit reward of each picture, float32 [pairs]: -beta / 2 * (error - reference error)."""
    return -beta / 2 * (errors - reference)


def _share(hits: Tensor) -> float:
    return hits.float().mean().item()
