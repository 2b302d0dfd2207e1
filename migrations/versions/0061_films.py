"""Let jobs make films, from a prompt or a picture, and log the presses that ask for them.

Safe while the previous release runs: it only allows more. Engines of that release cannot read the new jobs: upgrade the
engines before the bot, which makes them. Writes to both tables wait while Postgres checks their rows, less than a
second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE jobs
    DROP CONSTRAINT jobs_operation_check,
    DROP CONSTRAINT jobs_source_check,
    ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('animate', 'describe', 'imagine', 'inpaint', 'pan',
        'shorten', 'train', 'upscale', 'vary', 'zoom')),
    ADD CONSTRAINT jobs_source_check CHECK (
        operation IN ('animate', 'describe')
        OR (operation NOT IN ('imagine', 'shorten', 'train')) = (parent_picture_id IS NOT NULL));
ALTER TABLE actions
    DROP CONSTRAINT actions_verb_check,
    ADD CONSTRAINT actions_verb_check CHECK (verb IN ('animate', 'best', 'cancel', 'choose', 'delete', 'describe',
        'favourite', 'imagine', 'pan', 'rate', 'report', 'reroll', 'save', 'upscale', 'vary', 'zoom'))
"""


def upgrade() -> None:
    """Replace the constraints."""
    for statement in _SCRIPT.split(";"):
        op.execute(statement)
