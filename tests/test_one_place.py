"""A sampler, a family, a parameter or an operation that is added in one place only fails here."""

from __future__ import annotations

import pytest

from engine.contract.jobs import Operation
from engine.contract.samplers import SAMPLERS
from engine.models.registry.families import FAMILIES, Family
from engine.painter.families import KINDS
from engine.painter.operations import OPERATIONS
from engine.prompt import PARAMETERS
from engine.prompt.parameters import SERVICE_ABILITIES


def test_the_prompt_language_offers_every_sampler() -> None:
    (parameter,) = [row for row in PARAMETERS if row.name == "sampler"]
    assert parameter.choices == tuple(SAMPLERS)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_offers_samplers_that_have_a_scheduler_for_it(family: Family) -> None:
    """A flow family only those with a scheduler for flow models, any other all of them."""
    with_flow = [name for name, sampler in SAMPLERS.items() if sampler.flow is not None]
    assert family.sampler in family.samplers
    if family.is_flow:
        assert set(family.samplers) <= set(with_flow)
    else:
        assert family.samplers == tuple(SAMPLERS)


def test_every_sampler_for_flow_models_is_offered_by_a_family() -> None:
    offered = {name for family in FAMILIES.values() if family.is_flow for name in family.samplers}
    assert offered == {name for name, sampler in SAMPLERS.items() if sampler.flow is not None}


def test_the_painter_has_every_family_and_no_other() -> None:
    assert set(KINDS) == set(FAMILIES)


def test_the_painter_has_every_operation_and_no_other() -> None:
    assert set(OPERATIONS) == set(Operation)


def test_every_ability_of_a_family_belongs_to_a_parameter_or_to_the_text() -> None:
    """And none of them is one that only the service can have."""
    abilities = frozenset[str]().union(*(family.abilities for family in FAMILIES.values()))
    assert abilities <= {row.ability or row.name for row in PARAMETERS} | {"attention"}
    assert not abilities & SERVICE_ABILITIES
