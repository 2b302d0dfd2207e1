"""Keep with a job what it does to the picture that it starts from, and let jobs paint a part of one, zoom out and pan.

Safe while the previous release runs: it only adds a column that may be empty, and allows more. Engines of that release
cannot read the new jobs: upgrade the engines before the bot, which makes them. Writes to both tables wait while
Postgres checks their rows, less than a second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE jobs
    ADD COLUMN edit jsonb,
    DROP CONSTRAINT jobs_operation_check,
    DROP CONSTRAINT jobs_vary_has_source_check,
    ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('imagine', 'inpaint', 'pan', 'vary', 'zoom')),
    ADD CONSTRAINT jobs_source_check CHECK ((operation <> 'imagine') = (parent_picture_id IS NOT NULL)),
    ADD CONSTRAINT jobs_edit_has_source_check CHECK (edit IS NULL OR parent_picture_id IS NOT NULL);
COMMENT ON COLUMN jobs.edit IS 'what is done to the parent picture';
ALTER TABLE actions
    DROP CONSTRAINT actions_verb_check,
    ADD CONSTRAINT actions_verb_check CHECK (verb IN ('best', 'cancel', 'choose', 'delete', 'favourite', 'pan', 'rate',
        'report', 'reroll', 'save', 'upscale', 'vary', 'zoom'))
"""


def upgrade() -> None:
    """Add the column and replace the constraints."""
    for statement in _SCRIPT.split(";"):
        op.execute(statement)
