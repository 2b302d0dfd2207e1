"""The interaction callback: the bot's response to an interaction."""

from aiohttp import web

from sandbox.actions.interactions import respond_to_interaction
from sandbox.app_keys import world_of
from sandbox.json_response import json_response
from sandbox.payloads.messages import message_json
from sandbox.request_bodies import form_body
from sandbox.rest.access import snowflake
from sandbox.state.flags import MessageFlags
from sandbox.state.records import CallbackType, Interaction, Json
from sandbox.state.world import World

routes = web.RouteTableDef()
# Discord's OpenAPI description has no resource for deferred responses, only ids.
WITH_RESOURCE = (CallbackType.MESSAGE, CallbackType.UPDATE_MESSAGE)


@routes.post("/interactions/{interaction_id}/{interaction_token}/callback")
async def create_response(request: web.Request) -> web.Response:
    """Accept the bot's response; `with_response` returns the callback object."""
    form = await form_body(request)
    world = world_of(request)
    token = request.match_info["interaction_token"]
    interaction, kind = respond_to_interaction(world, snowflake(request, "interaction_id"), token, form)
    if request.query.get("with_response", "").lower() not in ("true", "1"):
        return web.Response(status=204)
    return json_response(_callback_json(world, interaction, kind))


def _callback_json(world: World, interaction: Interaction, kind: CallbackType) -> Json:
    described: Json = {
        "id": str(interaction.id),
        "type": int(interaction.type),
        "channel_id": str(interaction.channel_id),
    }
    if interaction.guild_id:
        described["guild_id"] = str(interaction.guild_id)
    message = world.find_message(interaction.channel_id, interaction.response_id)
    if message is None:
        return {"interaction": described}
    described |= {
        "response_message_id": str(message.id),
        "response_message_loading": bool(message.flags & MessageFlags.LOADING),
        "response_message_ephemeral": message.visible_to is not None,
    }
    if kind not in WITH_RESOURCE:
        return {"interaction": described}
    shown = message_json(world, message, world.application.id)
    return {"interaction": described, "resource": {"type": int(kind), "message": shown}}
