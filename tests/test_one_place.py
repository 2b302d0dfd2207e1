"""A sampler, a family, a parameter or an operation that is added in one place only fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from engine.contract.edits import Edit, whole_canvas
from engine.contract.ids import new_id
from engine.contract.jobs import JobSpec, Operation, ParameterValue, Part, Speed
from engine.contract.painting import PaintRequest
from engine.contract.references import ABILITY_OF
from engine.contract.samplers import SAMPLERS
from engine.models.prompt_limits import limits_from_registry
from engine.models.registry.families import FAMILIES, Family
from engine.models.registry.motion import MotionAdapter
from engine.models.registry.registry import SHIPPED, read_registry
from engine.painter.families import KINDS
from engine.painter.operations import OPERATIONS, check_operation
from engine.painter.operations.operation import PainterOperation
from engine.painter.sampling.params import params_from_request, seed_of_slot
from engine.prompt import PARAMETERS, parse
from engine.prompt.parameters import SERVICE_ABILITIES

ROOT = Path(__file__).parent.parent
WAVE = MotionAdapter(
    name="wave", family="sd1", model=None, folder=ROOT, hub=None, revision=None, licence="none", sha256=None
)
REGISTRY = replace(read_registry(SHIPPED), motion_adapters=MappingProxyType({"wave": WAVE}))
CANONICAL = {row.name: row for row in PARAMETERS if not row.gives}

# Parameters whose effect is over when a job's spec exists; tested below.
READ_BY_THE_PARSER = {"no", "repeat"}
# Modules that decide from a spec how its job is queued and who sees it.
READ_SPECS = ("bot/policy/visibility.py",)
# The modules that create jobs from a spec; each chooses the seed.
CREATE_JOBS = ("api/wishes.py", "bot/store/submissions.py", "easel/commands/imagine.py")


def test_the_prompt_language_offers_every_sampler() -> None:
    (parameter,) = [row for row in PARAMETERS if row.name == "sampler"]
    assert parameter.choices == tuple(SAMPLERS)


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_offers_samplers_that_have_a_scheduler_for_it(family: Family) -> None:
    """A flow family only those with a scheduler for flow models, any other all of them but one that only animates."""
    with_flow = [name for name, sampler in SAMPLERS.items() if sampler.flow is not None]
    assert family.sampler in family.samplers
    if family.is_flow:
        assert set(family.samplers) <= set(with_flow)
    else:
        # Continuous timesteps have a scheduler of their own alone.
        assert family.samplers == (("euler",) if family.only_animates else tuple(SAMPLERS))


def test_every_sampler_for_flow_models_is_offered_by_a_family() -> None:
    offered = {name for family in FAMILIES.values() if family.is_flow for name in family.samplers}
    assert offered == {name for name, sampler in SAMPLERS.items() if sampler.flow is not None}


def test_the_painter_has_every_family_and_no_other() -> None:
    assert set(KINDS) == set(FAMILIES)


def test_the_painter_has_every_operation_but_training_and_no_other() -> None:
    assert set(OPERATIONS) == set(Operation) - {Operation.TRAIN}


class ReadNames(Mapping[str, ParameterValue]):
    """Parameters of which none is set, and the names of those that were looked up."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> ParameterValue:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def read_by_the_painter() -> set[str]:
    """Return the parameters that the painter looks up for some operation."""
    parameters = ReadNames()
    for operation, of_painter in OPERATIONS.items():
        request = PaintRequest(
            job_id=new_id(),
            member_id=new_id(),
            operation=operation,
            spec=JobSpec(prompt="a cat", parts=(Part(text="a cat"),), parameters=parameters),
            seed=7,
            source=b"image" if of_painter.needs_source else None,
            edit=_edit(of_painter),
        )
        check_operation(request, REGISTRY)
        params_from_request(request, REGISTRY)
        seed_of_slot(request, 0)
    return parameters.names


def _edit(operation: PainterOperation) -> Edit | None:
    cells = frozenset({5} if operation.keeps_part else ())
    canvas = whole_canvas(128, 128, cells) if operation.keeps_part or operation.has_size else None
    return Edit(canvas=canvas) if operation.needs_source else None


def read_in(path: Path) -> set[str]:
    """Return every literal `name` of `x.parameters.get(name)` and `x.parameters[name]` in a module."""
    return {name for node in ast.walk(ast.parse(path.read_text())) if (name := _literal_read(node))}


def _literal_read(node: Any) -> str:
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Attribute(attr="parameters"), attr="get"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return name
        case ast.Subscript(value=ast.Attribute(attr="parameters"), slice=ast.Constant(value=str(name))):
            return name
    return ""


def offered_abilities() -> frozenset[str]:
    """Return the abilities of the service, of any family and of IP-Adapters."""
    service = limits_from_registry(REGISTRY, None).abilities or frozenset()
    return service.union(ABILITY_OF.values(), *(family.abilities for family in FAMILIES.values()))


def test_every_supported_parameter_is_read() -> None:
    """By the parser, by the commands that create jobs, or by the painter."""
    creating = set[str]().union(*(read_in(ROOT / path) for path in (*CREATE_JOBS, *READ_SPECS)))
    read = READ_BY_THE_PARSER | creating | set(Speed) | read_by_the_painter()
    unread = {name: row.ability for name, row in CANONICAL.items() if name not in read}
    assert unread == {}


def test_no_parameter_is_read_that_is_not_in_the_table() -> None:
    sources = [path for room in ("bot", "easel", "engine") for path in (ROOT / room).rglob("*.py")]
    read = read_by_the_painter().union(*(read_in(path) for path in sources))
    assert read <= set(CANONICAL)


def test_every_ability_of_the_table_is_offered() -> None:
    assert {row.ability for row in PARAMETERS if row.ability} <= offered_abilities()


@pytest.mark.parametrize("path", CREATE_JOBS)
def test_every_command_that_creates_jobs_reads_the_seed(path: str) -> None:
    assert read_in(ROOT / path) == {"seed"}


def test_the_parser_reads_its_own_parameters() -> None:
    """`--no` becomes a part, `--repeat` copies of the job; neither needs the painter."""
    specs = parse("a cat --no dogs --repeat 2")
    assert isinstance(specs, tuple)
    assert [[part.text for part in spec.parts] for spec in specs] == [["a cat", "dogs"]] * 2
    assert all("repeat" not in spec.parameters for spec in specs)


def test_every_ability_of_a_family_belongs_to_a_parameter_or_to_the_text() -> None:
    """And none of them is one that only the service can have."""
    abilities = frozenset[str]().union(*(family.abilities for family in FAMILIES.values()))
    assert abilities <= {row.ability or row.name for row in PARAMETERS} | {"attention"}
    assert not abilities & SERVICE_ABILITIES
