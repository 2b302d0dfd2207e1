"""The log as far as it may be published: what consent, privacy and the request leave of its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.exports.published import Kind, Published, PublishedPrompt, Withheld
from engine.feedback.exports.request import ExportRequest
from engine.feedback.identifying import may_identify
from engine.feedback.labels import stream_preferences
from engine.feedback.names import may_name
from engine.feedback.preferences.community import Community
from engine.feedback.preferences.derive import Preferences
from engine.feedback.records import Press
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.feedback.splits import Split, caption_from_spec, cluster_of_caption, split_of_cluster
from engine.feedback.store.published import PictureSource, read_sources, stream_sources


class _Candidate(NamedTuple):
    """A label, the pictures that it is about, and what the request's bounds are held against.

    why: it is not published, whatever its pictures are. rater: whose it is, where the label does not say that.
    """

    label: Any
    pictures: tuple[UUID, ...]
    at: datetime
    weight: float
    why: Withheld | None = None
    rater: UUID | None = None


def why_unusable(source: PictureSource, agreeing: Set[UUID]) -> Withheld | None:
    """Return why a picture and its prompt may be used for nothing but answering; None if they may be used for more.

    agreeing: the members who agree to what they would be used for.
    """
    if not source.authors <= agreeing:
        return Withheld.NO_CONSENT
    if source.is_private:
        return Withheld.PRIVATE
    if source.is_of_message:
        return Withheld.FROM_MESSAGE
    if source.has_links:
        return Withheld.LINKED_PICTURE
    if source.picture.is_unsafe:
        return Withheld.UNSAFE
    if "film" in source.picture.recipe:
        return Withheld.FILM
    if source.is_nsfw:
        return Withheld.RESTRICTED_CHANNEL
    return Withheld.CLOSED_SERVER if source.is_of_closed_guild else None


def why_withheld(source: PictureSource, publishers: Set[UUID]) -> Withheld | None:
    """Return why a picture and its prompt are not published; None if they may be."""
    if (why := why_unusable(source, publishers)) is not None:
        return why
    caption = caption_from_spec(source.spec)
    if may_identify(caption):
        return Withheld.IDENTIFYING
    return Withheld.NAME if may_name(caption) else None


@dataclass(frozen=True, kw_only=True)
class PublishedLog:
    """The log as far as it may be published; everything is read in the connection's one snapshot.

    kinds: of the labels that are wanted.
    families: clusters of prompts that belong together, as `read_families` returns them.
    why: returns why a picture may not be used, given the publishers.
    excluded: pictures that were reported or deleted; complete once all prompts were streamed.
    """

    connection: AsyncConnection
    publishers: Set[UUID]
    community: Community
    families: Mapping[str, str]
    request: ExportRequest
    kinds: frozenset[Kind]
    why: Callable[[PictureSource, Set[UUID]], Withheld | None] = why_withheld
    excluded: set[UUID] = field(default_factory=set)

    async def stream_prompts(self) -> AsyncIterator[PublishedPrompt]:
        """Yield what may be published of each prompt that has a label that fits the request; held is one prompt."""
        async for preferences in self._preferences():
            self.excluded.update(preferences.excluded)
            yield PublishedPrompt(split=Split.TRAIN, unlabelled=preferences.left_out)
            candidates = {kind: self._wanted(kind, preferences) for kind in sorted(self.kinds)}
            pictures = {picture for of_kind in candidates.values() for one in of_kind for picture in one.pictures}
            if pictures:
                sources = await read_sources(self.connection, pictures)
                for prompt in self._published(candidates, sources, preferences.raters):
                    yield prompt

    async def stream_pictures(self) -> AsyncIterator[tuple[PictureSource, Split, Withheld | None]]:
        """Yield every picture that fits the request, with its split and why it is withheld, if it is.

        `excluded` has to be complete.
        """
        async for source in stream_sources(self.connection):
            if _is_between(source.painted_at, self.request) and self._is_wanted([source]):
                is_excluded = source.picture.id in self.excluded
                why = self.why(source, self.publishers) or (Withheld.REPORTED if is_excluded else None)
                yield source, self._split(caption_from_spec(source.spec)), why

    def _wanted(self, kind: Kind, preferences: Preferences) -> list[_Candidate]:
        return [
            candidate
            for candidate in _candidates(kind, preferences)
            if candidate.weight >= self.request.min_weight
            and _is_between(candidate.at, self.request)
            and candidate.pictures
            # Reports of everybody are read, because they keep pictures out.
            and (candidate.rater is None or candidate.rater in self.publishers)
        ]

    def _published(
        self,
        candidates: Mapping[Kind, Sequence[_Candidate]],
        sources: Mapping[UUID, PictureSource],
        raters: frozenset[UUID],
    ) -> Iterator[PublishedPrompt]:
        why_pictures = {picture_id: self.why(source, self.publishers) for picture_id, source in sources.items()}
        # Presses about pairs may be read together although the pictures' own prompts are not one.
        kept = dict[str, dict[Kind, list[Published[Any]]]]()
        withheld = {kind: Counter[str]() for kind in candidates}
        for kind, of_kind in candidates.items():
            for candidate in of_kind:
                found = [sources[picture] for picture in candidate.pictures if picture in sources]
                if len(found) < len(candidate.pictures):
                    withheld[kind][Withheld.GONE] += 1
                elif self._is_wanted(found):
                    why = next(filter(None, (why_pictures[picture] for picture in candidate.pictures)), None)
                    together = None if kind is Kind.EVENTS else _why_together(found)
                    why = why or together or candidate.why
                    if why is None:
                        of_prompt = kept.setdefault(hash_of_prompt(found[0].spec), {})
                        of_prompt.setdefault(kind, []).append(_with_sources(candidate, found))
                    else:
                        withheld[kind][why] += 1
        yield PublishedPrompt(split=Split.TRAIN, withheld=withheld)
        for of_prompt in kept.values():
            first = next(iter(of_prompt.values()))[0]
            labels = {kind: tuple(of_kind) for kind, of_kind in of_prompt.items()}
            yield PublishedPrompt(split=self._split(first.caption), labels=labels, raters=raters)

    def _preferences(self) -> AsyncIterator[Preferences]:
        return stream_preferences(self.connection, self.publishers, self.community, guild_id=self.request.guild_id)

    def _is_wanted(self, sources: Sequence[PictureSource]) -> bool:
        """Return whether the request is about pictures of this model, and of the guild."""
        guild_id = self.request.guild_id
        if guild_id is not None and any(source.guilds != {guild_id} for source in sources):
            return False
        if self.request.model is None:
            return True
        return {shown_from_picture(source.picture).model for source in sources} == {self.request.model}

    def _split(self, caption: str) -> Split:
        cluster = cluster_of_caption(caption)
        return split_of_cluster(self.families.get(cluster, cluster), self.request.split_seed)


def _candidates(kind: Kind, preferences: Preferences) -> Iterator[_Candidate]:
    match kind:
        case Kind.VOTES | Kind.TIES:
            for vote in preferences.votes:
                if kind is Kind.VOTES or vote.is_tie:
                    why = Withheld.TIE if vote.is_tie and kind is Kind.VOTES else None
                    yield _Candidate(vote, (vote.winner, vote.loser), vote.at, vote.weight, why)
        case Kind.PAIRS:
            for pair in preferences.pairs:
                why = Withheld.TIE if pair.winner is None else None
                yield _Candidate(pair, (pair.first, pair.second), pair.newest, pair.weight, why)
        case Kind.RANKINGS:
            for ranking in preferences.rankings:
                yield _Candidate(ranking, ranking.pictures, ranking.at, 1.0)
        case Kind.SELECTIONS:
            for selection in preferences.selections:
                yield _Candidate(selection, selection.shown, selection.at, selection.weight)
        case Kind.LIKES:
            for like in preferences.likes:
                weight = max(like.like_weight, like.dislike_weight)
                yield _Candidate(like, (like.picture_id,), like.newest, weight)
        case Kind.SCORES:
            for score in preferences.scores:
                yield _Candidate(score, (score.picture_id,), score.newest, 1.0)
        case Kind.EVENTS:
            yield from map(partial(_event, preferences.excluded), preferences.presses)


def _event(excluded: Set[UUID], press: Press) -> _Candidate:
    action = press.action
    shown = tuple(shown.picture_id for shown in action.shown)
    why = None if excluded.isdisjoint(shown) else Withheld.REPORTED
    return _Candidate(press, shown, action.at, 1.0, why, action.member_id)


def _with_sources(candidate: _Candidate, sources: Sequence[PictureSource]) -> Published[Any]:
    rater = candidate.rater or getattr(candidate.label, "rater", None)
    return Published(label=candidate.label, sources=tuple(sources), rater=rater)


def _why_together(sources: Sequence[PictureSource]) -> Withheld | None:
    """Return why pictures cannot be compared."""
    if len({hash_of_prompt(source.spec) for source in sources}) > 1:
        return Withheld.PROMPTS_DIFFER
    if len({(source.picture.width, source.picture.height) for source in sources}) > 1:
        return Withheld.SIZES_DIFFER
    if len({source.picture.object_key for source in sources}) < len(sources):
        return Withheld.IDENTICAL
    return None


def _is_between(at: datetime, request: ExportRequest) -> bool:
    return (request.since is None or at >= _start_of(request.since)) and (
        request.until is None or at < _start_of(request.until)
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
