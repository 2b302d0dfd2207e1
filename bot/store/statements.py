"""The statements of which presses consist, in the order in which every press executes them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.policy.restrictions import check_unrestricted
from bot.store.batch import Statement
from bot.store.consents import store_choices
from bot.store.deliveries import (
    BotInstance,
    Delivery,
    add_deliveries,
    demote_grids,
    find_answered,
    find_single_pictures,
)
from bot.store.erasures import start_erasures
from bot.store.gallery.votes import note_votes
from bot.store.guilds.terms import read_terms
from bot.store.interaction import InteractionContext
from bot.store.learning.questions import answer_questions
from bot.store.mask_pages import add_pages
from bot.store.members import Member, lock_members, toggle_remixes
from bot.store.moderation import asked
from bot.store.moderation.appeals import end_appealed, find_accepted, find_appealed, open_appeals
from bot.store.moderation.cases import add_reports, read_cases, rule_cases
from bot.store.moderation.members import MemberInGuild, find_restrictions, restrict_all
from bot.store.moderation.picture_rules import release_all
from bot.store.moderation.removals import find_delivered, find_removals
from bot.store.plans.spending import charge_jobs, read_spent
from bot.store.ranking.grids import leave_out_grids
from bot.store.ranking.pairs import count_answered, read_asked, settle_pairs, show_pairs
from bot.store.series import read_series_jobs as read_all_series_jobs
from bot.store.standing import read_standings
from engine.feedback.store.actions import append_actions, read_ratings
from engine.feedback.store.opinions import read_last_actions
from engine.feedback.store.repeats import find_repeats
from engine.store.jobs import publish_jobs, read_jobs_with_pictures, submit_all
from engine.store.queue_position import read_queue_positions
from engine.store.transitions import cancel_jobs


async def _cancel_all(connection: AsyncConnection, groups: Sequence[Sequence[UUID]]) -> list[int]:
    """Return for each group of jobs how many of them were cancelled: of two groups with one job, the first has it."""
    left = set(await cancel_jobs(connection, {job_id for group in groups for job_id in group}))
    counts = []
    for group in groups:
        own = left.intersection(group)
        left -= own
        counts.append(len(own))
    return counts


async def _add(connection: AsyncConnection, added: Sequence[tuple[Sequence[Delivery], BotInstance]]) -> list[None]:
    for instance in {instance for _, instance in added}:
        own = [delivery for deliveries, of in added if of == instance for delivery in deliveries]
        await add_deliveries(connection, own, instance)
    return [None] * len(added)


async def _count_ahead(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[int]:
    positions = await read_queue_positions(connection, job_ids)
    return [positions.get(job_id, 0) for job_id in job_ids]


async def _leave_out(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[None]:
    await leave_out_grids(connection, job_ids)
    return [None] * len(job_ids)


async def _publish(connection: AsyncConnection, job_ids: Sequence[UUID]) -> list[None]:
    await publish_jobs(connection, job_ids)
    await demote_grids(connection, job_ids)
    return [None] * len(job_ids)


async def lock_member(context: InteractionContext) -> Member:
    """Return the member who has made the interaction, locked, if they may start anything where they have.

    Raises: MemberBanned by the operator; MemberRestricted by moderators of the guild.
    """
    member = await lock_whoever(context)
    member.restriction.check_not_banned()
    check_unrestricted(await read_restriction(MemberInGuild(guild_id=context.guild_id, member_id=member.id)))
    return member


async def lock_whoever(context: InteractionContext) -> Member:
    """Return the member who has made the interaction, locked, whatever they may start."""
    return await lock_any_member(context.discord_id)


read_case = Statement(order=0, run=read_cases)
read_job_with_pictures = Statement(order=1, run=read_jobs_with_pictures)
# A member who is new may stay. What concerns their own data is open to a banned one.
lock_any_member = Statement(order=2, run=lock_members)
read_restriction = Statement(order=2, run=find_restrictions)
read_end = Statement(order=3, run=read_jobs_with_pictures)
read_rating = Statement(order=3, run=read_ratings)
read_last = Statement(order=4, run=read_last_actions)
read_pair = Statement(order=4, run=read_asked)
read_removals = Statement(order=4, run=find_removals)
count_pairs = Statement(order=4, run=count_answered)
read_guild_terms = Statement(order=5, run=read_terms)
read_appealed = Statement(order=5, run=find_appealed)
count_reports = Statement(order=5, run=asked.count_reports)
is_delivered = Statement(order=5, run=find_delivered)
count_appeals = Statement(order=6, run=asked.count_appeals)
read_series_jobs = Statement(order=5, run=read_all_series_jobs)
is_answered = Statement(order=6, run=find_answered)
read_standing = Statement(order=6, run=read_standings)
find_single_picture = Statement(order=7, run=find_single_pictures)
is_repeat = Statement(order=8, run=find_repeats)
read_time_spent = Statement(order=9, run=read_spent)
is_prompt_accepted = Statement(order=9, run=find_accepted)
cancel_waiting = Statement(order=10, run=_cancel_all, is_kept=False)
rule = Statement(order=10, run=rule_cases, is_kept=False)
record_action = Statement(order=11, run=append_actions, is_kept=False)
submit_jobs = Statement(order=12, run=submit_all, is_kept=False)
publish_job = Statement(order=12, run=_publish, is_kept=False)
deliver = Statement(order=13, run=_add, is_kept=False)
charge = Statement(order=13, run=charge_jobs, is_kept=False)
count_ahead = Statement(order=14, run=_count_ahead)
store_choice = Statement(order=15, run=store_choices, is_kept=False)
end_restriction = Statement(order=16, run=end_appealed, is_kept=False)
release = Statement(order=16, run=release_all, is_kept=False)
restrict = Statement(order=16, run=restrict_all, is_kept=False)
start_erasure = Statement(order=16, run=start_erasures, is_kept=False)
answer_question = Statement(order=17, run=answer_questions, is_kept=False)
open_appeal = Statement(order=18, run=open_appeals, is_kept=False)
open_case = Statement(order=18, run=add_reports, is_kept=False)
settle_pair = Statement(order=18, run=settle_pairs, is_kept=False)
leave_out_grid = Statement(order=19, run=_leave_out, is_kept=False)
show_pair = Statement(order=20, run=show_pairs, is_kept=False)
note_vote = Statement(order=23, run=note_votes, is_kept=False)
turn_remix = Statement(order=21, run=toggle_remixes, is_kept=False)
open_page = Statement(order=22, run=add_pages, is_kept=False)
