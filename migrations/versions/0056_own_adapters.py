"""Let members train adapters from pictures of their own, share them in servers, and see how long a training takes.

Safe while the previous release runs: it only allows more. Engines of that release cannot read the new jobs, and paint
without the adapters that they name: upgrade the engines before the bot, which makes them. Writes to the jobs wait while
Postgres checks their rows, less than a second per million.
"""

from __future__ import annotations

from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE jobs
    DROP CONSTRAINT jobs_operation_check,
    DROP CONSTRAINT jobs_source_check,
    ADD COLUMN expected_at timestamptz,
    ADD CONSTRAINT jobs_operation_check CHECK (operation IN ('describe', 'imagine', 'inpaint', 'pan', 'shorten',
        'train', 'upscale', 'vary', 'zoom')),
    ADD CONSTRAINT jobs_source_check CHECK (
        operation = 'describe'
        OR (operation NOT IN ('imagine', 'shorten', 'train')) = (parent_picture_id IS NOT NULL));
COMMENT ON COLUMN jobs.expected_at IS 'when a training will end, as last estimated';
CREATE INDEX jobs_training_idx ON jobs (member_id) WHERE operation = 'train' AND image_keys <> '{}';
CREATE TABLE own_adapters (
    id uuid CONSTRAINT own_adapters_pkey PRIMARY KEY,
    member_id uuid NOT NULL,
    name text NOT NULL CONSTRAINT own_adapters_name_check CHECK (char_length(name) BETWEEN 1 AND 32),
    subject text NOT NULL,
    kind text NOT NULL,
    model text NOT NULL,
    job_id uuid CONSTRAINT own_adapters_job_id_fkey REFERENCES jobs ON DELETE SET NULL,
    object_key text,
    created_at timestamptz DEFAULT now() NOT NULL,
    deleted_at timestamptz
);
CREATE UNIQUE INDEX own_adapters_member_id_name_key ON own_adapters (member_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX own_adapters_deleted_idx ON own_adapters (id) WHERE deleted_at IS NOT NULL;
CREATE UNIQUE INDEX own_adapters_job_id_key ON own_adapters (job_id);
CREATE INDEX own_adapters_object_key_idx ON own_adapters (object_key);
COMMENT ON TABLE own_adapters IS 'adapters that members train or have trained from pictures of their own';
COMMENT ON COLUMN own_adapters.name IS 'by which --lora names it';
COMMENT ON COLUMN own_adapters.subject IS 'the text that means what its pictures showed';
COMMENT ON COLUMN own_adapters.kind IS 'what kind of thing that is';
COMMENT ON COLUMN own_adapters.job_id IS 'its training';
COMMENT ON COLUMN own_adapters.object_key IS 'its file, none while it is trained';
COMMENT ON COLUMN own_adapters.deleted_at IS 'by whom it belongs to, its file is about to be';
CREATE TABLE adapter_shares (
    guild_id bigint NOT NULL,
    adapter_id uuid NOT NULL CONSTRAINT adapter_shares_adapter_id_fkey REFERENCES own_adapters ON DELETE CASCADE,
    name text NOT NULL,
    shared_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT adapter_shares_pkey PRIMARY KEY (guild_id, adapter_id)
);
CREATE UNIQUE INDEX adapter_shares_guild_id_name_key ON adapter_shares (guild_id, lower(name));
CREATE INDEX adapter_shares_adapter_id_idx ON adapter_shares (adapter_id);
COMMENT ON TABLE adapter_shares IS 'adapters of members that everybody in a server may use';
COMMENT ON COLUMN adapter_shares.name IS 'that of the adapter';
ALTER TABLE guild_settings ADD COLUMN shares_adapters boolean DEFAULT true NOT NULL;
COMMENT ON COLUMN guild_settings.shares_adapters IS 'whether members may share their adapters there';
ALTER TABLE guild_changes
    DROP CONSTRAINT guild_changes_setting_check,
    ADD CONSTRAINT guild_changes_setting_check CHECK (setting IN ('adapters', 'announcements', 'channel', 'channels',
        'consent', 'filter', 'gallery', 'language', 'limits', 'pause', 'words'))
"""


def upgrade() -> None:
    """Add the tables and columns, and replace the constraints."""
    for statement in _SCRIPT.split(";"):
        op.execute(statement)
