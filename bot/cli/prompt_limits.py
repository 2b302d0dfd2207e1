"""What the prompt language is told of the registered models, so that a member hears at once what cannot be done."""

from __future__ import annotations

from engine.models.registry import Model, Registry
from engine.prompt import Limits, ModelFacts

# Of the language's parameters that need something of the service itself, none is served yet.
_SERVICE: frozenset[str] = frozenset()


def limits_from_registry(registry: Registry, default_model: str | None) -> Limits:
    """Return the limits of a service that paints with the models of `registry`.

    default_model: for prompts that name none; None for the registry's own default.

    Raises: ModelUnknown when it is not registered.
    """
    return Limits(
        models=tuple(_facts_from_model(model) for model in registry.models.values()),
        default_model=registry.model(default_model).name,
        abilities=_SERVICE,
        adapters=tuple(registry.adapters),
    )


def _facts_from_model(model: Model) -> ModelFacts:
    return ModelFacts(
        name=model.name,
        abilities=model.family.abilities,
        samplers=model.abilities.samplers,
        max_steps=model.abilities.max_steps,
        sides=model.sides,
    )
