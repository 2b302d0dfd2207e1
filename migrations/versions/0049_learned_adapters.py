"""Create what is known of adapters that were trained on votes, and of whose votes each used.

Safe while the previous release runs: it knows neither table. An erasure by it deletes the member's rows here by the
foreign key, without counting them.
"""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE learned_adapters (
        id uuid NOT NULL,
        sha256 text NOT NULL,
        preferences_sha256 text NOT NULL,
        num_preferences integer NOT NULL,
        model text NOT NULL,
        model_sha256 text NOT NULL,
        state text DEFAULT 'trained' NOT NULL,
        folder text NOT NULL,
        num_erased integer DEFAULT 0 NOT NULL,
        figures jsonb DEFAULT '{}' NOT NULL,
        sheet_key text,
        read_at timestamptz NOT NULL,
        trained_at timestamptz DEFAULT now() NOT NULL,
        changed_at timestamptz DEFAULT now() NOT NULL,
        CONSTRAINT learned_adapters_pkey PRIMARY KEY (id),
        CONSTRAINT learned_adapters_sha256_key UNIQUE (sha256),
        CONSTRAINT learned_adapters_state_check
            CHECK (state IN ('candidate', 'promoted', 'refused', 'rolled_back', 'trained')),
        CONSTRAINT learned_adapters_counts_check CHECK (num_preferences > 0 AND num_erased >= 0)
    )
    """,
    "COMMENT ON TABLE learned_adapters IS 'adapters that were trained on votes of the log'",
    "COMMENT ON COLUMN learned_adapters.sha256 IS 'of its file'",
    "COMMENT ON COLUMN learned_adapters.preferences_sha256 IS 'of the preferences that it was trained on'",
    "COMMENT ON COLUMN learned_adapters.model IS 'the base model'",
    "COMMENT ON COLUMN learned_adapters.folder IS 'of the run, on the machine that trained it'",
    "COMMENT ON COLUMN learned_adapters.num_erased IS 'members who were erased since it was trained on their votes'",
    "COMMENT ON COLUMN learned_adapters.figures IS 'how the training went'",
    "COMMENT ON COLUMN learned_adapters.sheet_key IS 'file of the pictures before and after'",
    "COMMENT ON COLUMN learned_adapters.read_at IS 'when the votes were read'",
    """
    CREATE TABLE learned_adapter_members (
        adapter_id uuid NOT NULL,
        member_id uuid NOT NULL,
        CONSTRAINT learned_adapter_members_pkey PRIMARY KEY (adapter_id, member_id),
        CONSTRAINT learned_adapter_members_adapter_id_fkey
            FOREIGN KEY (adapter_id) REFERENCES learned_adapters (id) ON DELETE CASCADE,
        CONSTRAINT learned_adapter_members_member_id_fkey
            FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE
    )
    """,
    "COMMENT ON TABLE learned_adapter_members IS 'whose votes, prompts and pictures an adapter was trained on'",
    "CREATE INDEX learned_adapter_members_member_id_idx ON learned_adapter_members (member_id)",
)


def upgrade() -> None:
    """Create both tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
