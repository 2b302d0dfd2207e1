"""One member's votes without contradictions: one vote on each pair, and no cycle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.feedback.preferences.sources import RANKS, Source
from engine.feedback.preferences.votes import Vote


@dataclass(frozen=True, kw_only=True)
class ResolvedVotes:
    """One member's votes that hold together, and how many pairs were dropped because they do not.

    outranked: votes that another vote on the same pair outranks or repeats.
    """

    votes: tuple[Vote, ...]
    outranked: int
    contradictory: int
    in_cycles: int


def resolve(votes: Iterable[Vote]) -> ResolvedVotes:
    """Return at most one vote for each pair of pictures, whose winners are in no cycle, ordered by pair.

    On one pair, the source of the lowest rank decides. Among answers to questions the newest decides, except that two
    different answers to a pair and its repetition are dropped; among other presses, contradictions are dropped. A
    cycle is dropped, down to the rank where it closes: a doubtful press does not undo an answer.
    """
    by_pair: dict[tuple[UUID, UUID], list[Vote]] = {}
    for vote in votes:
        by_pair.setdefault(vote.pair, []).append(vote)
    decided = {pair: _decide(by_pair[pair]) for pair in sorted(by_pair)}
    single = [vote for vote in decided.values() if vote is not None]
    acyclic = _without_cycles(single)
    return ResolvedVotes(
        votes=tuple(acyclic),
        outranked=sum(len(of_pair) - 1 for pair, of_pair in by_pair.items() if decided[pair] is not None),
        contradictory=len(decided) - len(single),
        in_cycles=len(single) - len(acyclic),
    )


def _decide(votes: Sequence[Vote]) -> Vote | None:
    """Return the vote that decides among those on one pair; None if they contradict each other."""
    if len(votes) == 1:
        return votes[0]
    rank = min(RANKS[vote.source] for vote in votes)
    equal = sorted((vote for vote in votes if RANKS[vote.source] == rank), key=lambda vote: vote.press_id)
    newest = equal[-1]
    if rank > 0:
        return newest if all(_says_the_same(vote, newest) for vote in equal) else None
    repeated = [vote for vote in equal if vote.source is newest.source is Source.PAIR]
    return newest if all(_says_the_same(vote, newest) for vote in repeated) else None


def _says_the_same(one: Vote, other: Vote) -> bool:
    return one.is_tie == other.is_tie and (one.is_tie or one.winner == other.winner)


def _without_cycles(votes: Sequence[Vote]) -> list[Vote]:
    """Return the votes without those that close or are in a cycle, in the same order."""
    if {vote.winner for vote in votes}.isdisjoint(vote.loser for vote in votes):
        return list(votes)
    kept: list[Vote] = [vote for vote in votes if vote.is_tie]
    decided: list[Vote] = []
    for rank in sorted({RANKS[vote.source] for vote in votes}):
        added = [vote for vote in votes if RANKS[vote.source] == rank and not vote.is_tie]
        component = _components([*decided, *added])
        decided += [vote for vote in added if component[vote.winner] != component[vote.loser]]
    kept += decided
    return sorted(kept, key=lambda vote: vote.pair)


def _components(votes: Sequence[Vote]) -> Mapping[UUID, int]:
    """Return the strongly connected component of each picture, in the graph from winners to losers.

    Two pictures of one component are in a cycle. Source: Kosaraju's algorithm, Sharir 1981.
    """
    losers: dict[UUID, list[UUID]] = {}
    winners: dict[UUID, list[UUID]] = {}
    for vote in votes:
        losers.setdefault(vote.winner, []).append(vote.loser)
        winners.setdefault(vote.loser, []).append(vote.winner)
    finished = list(_finish_order(losers, sorted(losers.keys() | winners.keys()), set()))
    component, seen = dict[UUID, int](), set[UUID]()
    for number, root in enumerate(reversed(finished)):
        component.update(dict.fromkeys(_finish_order(winners, [root], seen), number))
    return component


def _finish_order(edges: Mapping[UUID, list[UUID]], roots: Iterable[UUID], seen: set[UUID]) -> Iterator[UUID]:
    """Yield each picture that is not seen yet once everything that it leads to has been yielded, depth first."""
    for root in roots:
        stack = [] if root in seen else [(root, iter(edges.get(root, ())))]
        seen.add(root)
        while stack:
            picture, following = stack[-1]
            unseen = next((other for other in following if other not in seen), None)
            if unseen is None:
                stack.pop()
                yield picture
            else:
                seen.add(unseen)
                stack.append((unseen, iter(edges.get(unseen, ()))))
