"""The form of `/train`: what a LoRA is trained from, what it is called, and that the member may have it trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord

from bot import replies
from bot.answers import open_form, send_ephemeral, while_thinking
from bot.buttons.panel_control import FormControl
from bot.job_answers import show_job
from bot.policy.adapters import check_name_free, check_number, kind_from_text, trigger_from_text
from bot.policy.preferences import Setting
from bot.replies import training_replies
from bot.services import Services
from bot.store.adapters.pictures import discard_pictures
from bot.store.adapters.training import WantedTraining, may_train, submit_training
from bot.store.interaction import InteractionContext
from bot.store.preferences import read_own_settings
from bot.uploads import Brought, take_uploads
from engine.contract.errors import EaselError, OperationUnsupported
from engine.contract.jobs import Operation
from engine.contract.training import MIN_PICTURES, MIN_SIDE
from engine.contract.uploads import StoredUpload
from engine.prompt import PromptSource

VERB = "train"

_PICTURES, _MORE, _TRIGGER, _KIND, _CONFIRMED = "pictures", "more", "trigger", "kind", "confirmed"
_CONFIRMATIONS = {"rights": training_replies.RIGHTS, "consent": training_replies.CONSENT}
_AT_ONCE = 10
"""Files that one field of a form takes."""

_LONGEST = 40


class TrainForm(FormControl, verb=VERB):
    """No panel has it: its id is that of the form alone."""

    async def choose(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, chosen: Sequence[str]
    ) -> None:
        """Open the form again."""
        await open_train_form(interaction)

    async def submit(
        self, interaction: discord.Interaction, services: Services, context: InteractionContext, form: Mapping[str, str]
    ) -> None:
        """Store the training and show it, or say what is wrong."""
        given = _given(interaction)
        if set(given.get(_CONFIRMED, ())) != _CONFIRMATIONS.keys():
            await send_ephemeral(interaction, training_replies.CONFIRM_BOTH)
            return
        brought = [_brought(interaction, one) for one in (*given.get(_PICTURES, ()), *given.get(_MORE, ()))]
        check_number(len(brought))
        wanted = await _wanted(services, context, form)
        await services.commit(context, lambda: may_train(context, wanted))
        taking = take_uploads(services, context, brought, min_side=MIN_SIDE)
        stored = await while_thinking(interaction, taking, is_private=True)
        await _submit(interaction, services, context, wanted, stored)


async def open_train_form(interaction: discord.Interaction) -> None:
    """Answer with the form."""
    form = discord.ui.Modal(title=str(training_replies.TITLE), custom_id=TrainForm.custom_id_of())
    form.add_item(_files(_PICTURES, str(training_replies.PICTURES_LABEL), MIN_PICTURES))
    form.add_item(_files(_MORE, str(training_replies.MORE_LABEL), 0))
    form.add_item(_text(_TRIGGER, str(training_replies.TRIGGER_LABEL), str(training_replies.TRIGGER_HINT)))
    form.add_item(_text(_KIND, str(training_replies.KIND_LABEL), str(training_replies.KIND_HINT)))
    options = [discord.CheckboxGroupOption(label=str(text), value=key) for key, text in _CONFIRMATIONS.items()]
    boxes: discord.ui.CheckboxGroup[Any] = discord.ui.CheckboxGroup(
        custom_id=_CONFIRMED, options=options, min_values=len(options), max_values=len(options)
    )
    form.add_item(discord.ui.Label(text=str(training_replies.CONFIRM_LABEL), component=boxes))
    await open_form(interaction, form)


async def _wanted(services: Services, context: InteractionContext, form: Mapping[str, str]) -> WantedTraining:
    """Return what the member wants, for the model that they prefer.

    Raises: TrainingRefused, AdapterNameTaken, OperationUnsupported.
    """
    limits = services.limits
    trigger = trigger_from_text(form.get(_TRIGGER, ""), limits)
    check_name_free(trigger, limits)
    async with services.database.begin(limit=services.answer_margin) as connection:
        preferences = (await read_own_settings(connection, context.discord_id)).preferences
    preferred = preferences.settings.get(Setting.MODEL)
    names = {one.name: one for one in limits.models}
    model = preferred if preferred in names else limits.default_model
    operations = names[model].operations if model in names else None
    if operations is not None and Operation.TRAIN not in operations:
        raise OperationUnsupported(operation=Operation.TRAIN.value, model=model)
    return WantedTraining(trigger=trigger, kind=kind_from_text(form.get(_KIND, ""), trigger), model=model)


async def _submit(
    interaction: discord.Interaction,
    services: Services,
    context: InteractionContext,
    wanted: WantedTraining,
    stored: Sequence[StoredUpload],
) -> None:
    keys = tuple(dict.fromkeys(one.object_key for one in stored))
    whole = replace(wanted, image_keys=keys)
    try:
        check_number(len(keys))
        submitted = await services.commit(context, lambda: submit_training(context, whole, services.instance))
    except EaselError:
        await discard_pictures(services.database, services.objects, context.discord_id, keys)
        raise
    if submitted is None:
        await send_ephemeral(interaction, replies.ALREADY_DONE)
    else:
        await show_job(interaction, services, submitted)


def _given(interaction: discord.Interaction) -> dict[str, list[str]]:
    """Return what was chosen in the form, by the ids of its fields."""
    data: Mapping[str, Any] = interaction.data or {}
    fields = [part["component"] for part in data.get("components", ()) if "component" in part]
    return {field["custom_id"]: [str(one) for one in field.get("values") or ()] for field in fields}


def _brought(interaction: discord.Interaction, file_id: str) -> Brought:
    data: Mapping[str, Any] = interaction.data or {}
    file = data["resolved"]["attachments"][file_id]
    source = PromptSource(text=file["filename"])
    return Brought(
        address=file["url"], source=source, start=0, end=len(file["filename"]), size_bytes=file.get("size") or 0
    )


def _files(custom_id: str, label: str, least: int) -> discord.ui.Label[Any]:
    field: discord.ui.FileUpload[Any] = discord.ui.FileUpload(
        custom_id=custom_id, required=bool(least), min_values=least, max_values=_AT_ONCE
    )
    hint = str(training_replies.PICTURES_HINT) if least else None
    return discord.ui.Label(text=label, component=field, description=hint)


def _text(custom_id: str, label: str, hint: str) -> discord.ui.Label[Any]:
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(custom_id=custom_id, max_length=_LONGEST)
    return discord.ui.Label(text=label, component=field, description=hint)
