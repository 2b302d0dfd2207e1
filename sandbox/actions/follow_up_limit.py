"""How many followups an interaction may have where the application is not installed."""

from sandbox.state.errors import ErrorCode, api_error
from sandbox.state.records import Interaction
from sandbox.state.world import World

FOREIGN_FOLLOW_UPS = 5


def check_follow_ups(world: World, interaction: Interaction) -> None:
    """Raise ApiError 40094 when it has all that it may have."""
    if interaction.guild_id is None or world.is_bot_in(interaction.guild_id):
        return
    sent = [item for item in world.messages[interaction.channel_id].values() if item.interaction_id == interaction.id]
    if sum(item.id != interaction.response_id for item in sent) >= FOREIGN_FOLLOW_UPS:
        raise api_error(ErrorCode.TOO_MANY_FOLLOW_UPS)
