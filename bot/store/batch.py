"""Presses that share a transaction: the statements that several of them execute are executed once for all.

A press is a coroutine that waits for nothing but `Call`s. All are run in step: the lowest statement that any of them
waits for is executed for everyone who does, and each then goes on with its own result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.error_boundary import result_of

A = TypeVar("A")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Statement(Generic[A, R]):
    """A statement for any number of presses.

    order: presses execute their statements in ascending order, so that those of all come together.
    run: returns one result for each argument, in the same order.
    is_kept: whether what it changed may stay when the press is refused later.
    """

    order: int
    run: Callable[[AsyncConnection, Sequence[A]], Awaitable[Sequence[R]]]
    is_kept: bool = True

    def __call__(self, argument: A) -> Call[A, R]:
        """Return the call, to be awaited in a press."""
        return Call(statement=self, argument=argument)


@dataclass(frozen=True, kw_only=True, eq=False)
class Call(Generic[A, R]):
    """One press's share of a statement; awaiting it returns the press's own result."""

    statement: Statement[A, R]
    argument: A

    def __await__(self) -> Generator[Call[A, R], R, R]:
        return (yield self)


Press = Coroutine[Call[Any, Any], Any, T]


@dataclass(frozen=True, kw_only=True)
class Outcome(Generic[T]):
    """What a press returned or raised, and whether it has changed anything that must not stay if it was refused."""

    result: T | Exception
    has_changed: bool

    @property
    def is_spoiled(self) -> bool:
        """Whether the press was refused after it had changed something."""
        return isinstance(self.result, Exception) and self.has_changed


async def run_together(connection: AsyncConnection, presses: Sequence[Press[T]]) -> list[Outcome[T]]:
    """Run the presses in the connection's transaction and return their outcomes, in the same order."""
    runs = [_Run(press) for press in presses]
    try:
        while waiting := [run for run in runs if run.call]:
            statement = min((run.call.statement for run in waiting if run.call), key=lambda one: one.order)
            group = [run for run in waiting if run.call and run.call.statement is statement]
            results = await statement.run(connection, [run.call.argument for run in group if run.call])
            for run, result in zip(group, results, strict=True):
                run.advance(result)
    finally:
        for run in runs:
            run.steps.close()
    return [run.outcome() for run in runs]


async def run_alone(connection: AsyncConnection, press: Press[T]) -> T:
    """Run one press in the connection's transaction; return what it returns and raise what it raises."""
    (outcome,) = await run_together(connection, [press])
    if isinstance(outcome.result, Exception):
        raise outcome.result
    return outcome.result


@dataclass(eq=False)
class _Run(Generic[T]):
    """A press, stopped at its call; without one it is over."""

    press: Press[T]
    call: Call[Any, Any] | None = None
    has_changed: bool = False
    steps: Any = field(init=False)
    result: T | Exception = field(init=False)

    def __post_init__(self) -> None:
        self.steps = result_of(self.press)
        self.advance(None)

    def advance(self, result: object) -> None:
        """Go on with the result of the call, up to the next one."""
        if self.call:
            self.has_changed |= not self.call.statement.is_kept
        try:
            call = self.steps.send(result)
        except StopIteration as over:
            self.call, self.result = None, over.value
        else:
            assert isinstance(call, Call), "a press waits for statements alone"
            self.call = call

    def outcome(self) -> Outcome[T]:
        return Outcome(result=self.result, has_changed=self.has_changed)
