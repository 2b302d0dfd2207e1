"""Families of prompt clusters, which no split may divide: those of one lineage, and those that say nearly the same."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.feedback.near_duplicates import WordSets
from engine.feedback.splits import caption_from_spec, cluster_of_caption, merge_clusters, words_of_caption
from engine.feedback.store.published import stream_edited_prompts, stream_prompts


async def read_families(connection: AsyncConnection) -> Mapping[str, str]:
    """Return which prompt clusters belong together; in memory are the words of each prompt, as numbers."""
    edited = set[tuple[str, str]]()
    async for spec, parent_spec in stream_edited_prompts(connection):
        clusters = cluster_of_caption(caption_from_spec(spec)), cluster_of_caption(caption_from_spec(parent_spec))
        if clusters[0] != clusters[1]:
            edited.add(clusters)
    sets = WordSets()
    async for spec in stream_prompts(connection):
        caption = caption_from_spec(spec)
        sets.add(cluster_of_caption(caption), words_of_caption(caption))
    return merge_clusters(chain(edited, sets.near_duplicates()))
