"""Votes that may be published, with the pictures that they are about: what consent and privacy leave of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.exports.request import ExportRequest
from engine.feedback.identifying import may_identify
from engine.feedback.labels import stream_preferences
from engine.feedback.preferences.community import Community
from engine.feedback.preferences.votes import Vote
from engine.feedback.shown import hash_of_prompt, shown_from_picture
from engine.feedback.splits import Split, caption_from_spec, cluster_of_caption, merge_clusters, split_of_cluster
from engine.feedback.store.published import PictureSource, read_sources, stream_edited_prompts


class Withheld(StrEnum):
    """Why a vote is not published.

    gone: a picture was erased. no_consent: an author of the pictures' prompts has not agreed. from_message: a prompt
    came from the content of a message. linked_picture: a picture of somebody else was used. restricted_channel: shown
    where Discord restricts by age. identifying: the prompt may tell who somebody is. prompts_differ, sizes_differ: of
    the two pictures. identical: the two pictures are the same. tie: a vote for none. damaged: a picture's file is
    missing or altered.
    """

    GONE = "gone"
    NO_CONSENT = "no_consent"
    FROM_MESSAGE = "from_message"
    LINKED_PICTURE = "linked_picture"
    RESTRICTED_CHANNEL = "restricted_channel"
    IDENTIFYING = "identifying"
    PROMPTS_DIFFER = "prompts_differ"
    SIZES_DIFFER = "sizes_differ"
    IDENTICAL = "identical"
    TIE = "tie"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class PublishedVote:
    """A vote with its two pictures; a vote for one of them, not a tie."""

    vote: Vote
    winner: PictureSource
    loser: PictureSource

    @property
    def caption(self) -> str:
        """The prompt of both pictures, in the winner's letters where theirs differ in case."""
        return caption_from_spec(self.winner.spec)

    @property
    def members(self) -> frozenset[UUID]:
        """Everybody whose consent it needs."""
        return self.winner.authors | self.loser.authors | {self.vote.rater}


@dataclass(frozen=True, kw_only=True)
class PublishedPrompt:
    """The votes on pictures of one prompt that may be published, or none, and how many may not be, by reason."""

    split: Split
    votes: tuple[PublishedVote, ...]
    withheld: Counter[str]


@dataclass(frozen=True, kw_only=True)
class PublishedLog:
    """The log as far as it may be published; everything is read in the connection's one snapshot."""

    connection: AsyncConnection
    publishers: Set[UUID]
    community: Community
    families: Mapping[str, str]
    request: ExportRequest

    async def stream_prompts(self) -> AsyncIterator[PublishedPrompt]:
        """Yield what may be published of each prompt that has a vote that fits the request; held is one prompt."""
        async for preferences in stream_preferences(self.connection, self.publishers, self.community):
            votes = [vote for vote in preferences.votes if _is_wanted(vote, self.request)]
            if votes:
                pictures = {picture_id for vote in votes for picture_id in vote.pair}
                for prompt in self._published(votes, await read_sources(self.connection, pictures)):
                    yield prompt

    def _published(self, votes: list[Vote], sources: Mapping[UUID, PictureSource]) -> Iterator[PublishedPrompt]:
        why_pictures = {picture_id: why_withheld(source, self.publishers) for picture_id, source in sources.items()}
        # Presses about pairs may be read together although the pictures' own prompts are not one.
        kept, withheld = dict[str, list[PublishedVote]](), Counter[str]()
        for vote in votes:
            winner, loser = sources.get(vote.winner), sources.get(vote.loser)
            if winner is None or loser is None:
                withheld[Withheld.GONE] += 1
            elif self.request.model in (None, *_models(winner, loser)):
                why = why_pictures[vote.winner] or why_pictures[vote.loser] or _why_pair(vote, winner, loser)
                if why is None:
                    published = PublishedVote(vote=vote, winner=winner, loser=loser)
                    kept.setdefault(hash_of_prompt(winner.spec), []).append(published)
                else:
                    withheld[why] += 1
        yield PublishedPrompt(split=Split.TRAIN, votes=(), withheld=withheld)
        for of_prompt in kept.values():
            split = self._split(of_prompt[0].caption)
            yield PublishedPrompt(split=split, votes=tuple(of_prompt), withheld=Counter())

    def _split(self, caption: str) -> Split:
        cluster = cluster_of_caption(caption)
        return split_of_cluster(self.families.get(cluster, cluster), self.request.split_seed)


async def read_families(connection: AsyncConnection) -> Mapping[str, str]:
    """Return which prompt clusters are held together by the lineage of jobs; only edited prompts are in memory."""
    edited = set[tuple[str, str]]()
    async for spec, parent_spec in stream_edited_prompts(connection):
        clusters = cluster_of_caption(caption_from_spec(spec)), cluster_of_caption(caption_from_spec(parent_spec))
        if clusters[0] != clusters[1]:
            edited.add(clusters)
    return merge_clusters(edited)


def why_withheld(source: PictureSource, publishers: Set[UUID]) -> Withheld | None:
    """Return why a picture and its prompt are not published; None if they may be."""
    if not source.authors <= publishers:
        return Withheld.NO_CONSENT
    if source.is_of_message:
        return Withheld.FROM_MESSAGE
    if source.has_links:
        return Withheld.LINKED_PICTURE
    if source.is_nsfw:
        return Withheld.RESTRICTED_CHANNEL
    return Withheld.IDENTIFYING if may_identify(caption_from_spec(source.spec)) else None


def _why_pair(vote: Vote, winner: PictureSource, loser: PictureSource) -> Withheld | None:
    if hash_of_prompt(winner.spec) != hash_of_prompt(loser.spec):
        return Withheld.PROMPTS_DIFFER
    if (winner.picture.width, winner.picture.height) != (loser.picture.width, loser.picture.height):
        return Withheld.SIZES_DIFFER
    if winner.picture.object_key == loser.picture.object_key:
        return Withheld.IDENTICAL
    return Withheld.TIE if vote.is_tie else None


def _is_wanted(vote: Vote, request: ExportRequest) -> bool:
    since = None if request.since is None else datetime.combine(request.since, time(), UTC)
    until = None if request.until is None else datetime.combine(request.until, time(), UTC)
    return (
        vote.weight >= request.min_weight and (since is None or vote.at >= since) and (until is None or vote.at < until)
    )


def _models(*sources: PictureSource) -> Iterator[str | None]:
    """Yield the model's name if the pictures have one in common."""
    names = {shown_from_picture(source.picture).model for source in sources}
    if len(names) == 1:
        yield from names
