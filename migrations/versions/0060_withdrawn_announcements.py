"""Let operators withdraw an announcement: what waits is not posted, and what was posted is deleted.

Safe while the previous release runs: it only allows more. Bots of that release go on with the post that they have just
begun, and those of this one delete it. Rows of announcements are checked, one in each server that wanted them.
"""

from __future__ import annotations

from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE announcements ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN announcements.withdrawn_at IS 'since when it is to be nowhere';
ALTER TABLE announcement_posts
    DROP CONSTRAINT announcement_posts_state_check,
    DROP CONSTRAINT announcement_posts_message_check,
    ADD CONSTRAINT announcement_posts_state_check
        CHECK (state IN ('left', 'posted', 'refused', 'unwanted', 'waiting', 'withdrawn')),
    ADD CONSTRAINT announcement_posts_message_check
        CHECK (state = 'left' OR (state = 'posted') = (message_id IS NOT NULL));
CREATE INDEX announcement_posts_shown_idx ON announcement_posts (announcement_id, due_at)
    WHERE state IN ('posted', 'waiting')
"""


def upgrade() -> None:
    """Add the column and the index, and replace the constraints."""
    for statement in _SCRIPT.split(";"):
        op.execute(statement)
