"""Keep who changed any setting of a guild, not only its words and its moderators' channel.

Safe while the previous release runs: it writes two of the settings as before; its `/safety changes` fails in a guild
where the others were changed, until it is replaced.
"""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    ALTER TABLE guild_changes
        DROP CONSTRAINT guild_changes_setting_check,
        ADD CONSTRAINT guild_changes_setting_check CHECK (setting IN (
            'announcements', 'channel', 'channels', 'consent', 'filter', 'gallery', 'language', 'limits', 'pause',
            'words'
        ))
    """,
)


def upgrade() -> None:
    """Allow the settings."""
    for statement in _STATEMENTS:
        op.execute(statement)
