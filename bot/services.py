"""What commands and buttons work with: the stores, the courier, this process's identity and the prompt's limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import discord

from bot.announcer import Announcer
from bot.cards import Buttons
from bot.delivery.courier import Courier
from bot.delivery.original_sender import OriginalSender
from bot.eraser import Eraser
from bot.exports.exporter import Exporter
from bot.exports.place import ExportPlace
from bot.gallery.keeper import GalleryKeeper
from bot.language import language, spoken_in
from bot.learning.asker import AdapterAsker
from bot.limits_in_force import LimitsInForce
from bot.metrics import BotMetrics
from bot.moderation.poster import CasePoster
from bot.policy.preferences import KnownPreferences
from bot.store.batch import Press
from bot.store.deliveries import BotInstance
from bot.store.interaction import InteractionContext
from bot.store.preference_reads import PreferenceReads
from bot.store.press_batches import PressBatches
from bot.store.queue_state import QueueView
from bot.unanswered import Unanswered
from engine.content_credentials import UNSIGNED, ContentCredentials
from engine.hash_list import BarredPictures
from engine.prompt import Limits, PromptDefaults
from engine.store.database import Database
from engine.store.objects import Objects

T = TypeVar("T")

ANSWER_TIMEOUT = timedelta(seconds=3)
"""How long Discord waits for the answer to an interaction."""

SEND_MARGIN = timedelta(seconds=0.5)
"""How much of that is left for sending the answer."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Opened by the composition root, closed by it.

    in_force: what the service allows. queue: what is known of the queue.
    answer_timeout: how soon after a press Discord wants its answer; a press waits a little less for the store.
    answer_tasks: the tasks that are answering a press right now. unanswered: those that have not answered yet.
    public_url: the address under which members reach this bot's pages; None if they cannot.
    programs_url: the address under which programs reach the API; None where members get no keys.
    exports, exporter: where exports are made, and what makes them; None where there are none.
    upload_origins: from where members' pictures may be fetched beside the public internet.
    credentials: what pictures are signed with. barred: pictures that are not taken.
    checking: held while a picture of a member's is decoded.
    guild_languages: the languages that are set for guilds, as last read.
    preferences: those of members, as last read; preference_reads reads them.
    asked: Discord ids of members who are known to have been asked for consent with the present text.
    """

    buttons: Buttons
    database: Database
    objects: Objects
    presses: PressBatches
    preference_reads: PreferenceReads
    courier: Courier
    eraser: Eraser
    case_poster: CasePoster
    adapter_asker: AdapterAsker
    original_sender: OriginalSender
    gallery_keeper: GalleryKeeper
    announcer: Announcer
    instance: BotInstance
    metrics: BotMetrics
    defaults: PromptDefaults
    in_force: LimitsInForce
    queue: QueueView = field(default_factory=QueueView)
    public_url: str | None = None
    programs_url: str | None = None
    exports: ExportPlace | None = None
    exporter: Exporter | None = None
    answer_timeout: timedelta = ANSWER_TIMEOUT
    answer_tasks: set[asyncio.Task[object]] = field(default_factory=set)
    upload_origins: frozenset[str] = frozenset()
    credentials: ContentCredentials = UNSIGNED
    barred: BarredPictures = field(default_factory=BarredPictures)
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: set[int] = field(default_factory=set)
    unanswered: Unanswered = field(default_factory=Unanswered)
    preferences: KnownPreferences = field(default_factory=KnownPreferences)
    guild_languages: dict[int, str] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """What the service allows now."""
        return self.in_force.now

    @property
    def answer_margin(self) -> timedelta:
        """How long the store may take, so that the answer is sent in time."""
        return self.answer_timeout - SEND_MARGIN

    async def commit(self, context: InteractionContext, make: Callable[[], Press[T]], *, num_jobs: int = 1) -> T:
        """Return what the press returns, committed in time for an answer.

        make: returns the press; called again when it must be run again.
        num_jobs: how many jobs it starts; one that starts none counts as much as one.

        Raises: what the press raises, StoreUnavailable.
        """
        spoken = language()

        async def press() -> T:
            # It runs in a task that it shares with others.
            return await spoken_in(spoken, make())

        result: T = await self.presses.commit(context.discord_id, press, size=num_jobs, patience=self.answer_margin)
        return result


def services_of(interaction: discord.Interaction[Any]) -> Services:
    """Return the services that the interaction's client was handed."""
    services: Services = interaction.client.services
    return services
