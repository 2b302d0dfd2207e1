"""Create what administrators are asked about trained adapters.

Safe while the previous release runs: it does not know the table.
"""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE learned_adapter_questions (
        adapter_id uuid NOT NULL,
        asked_at timestamptz DEFAULT now() NOT NULL,
        channel_id bigint,
        message_id bigint,
        answer text,
        answered_by uuid,
        answered_at timestamptz,
        is_shown boolean DEFAULT false NOT NULL,
        attempts integer DEFAULT 0 NOT NULL,
        due_at timestamptz DEFAULT now() NOT NULL,
        claimed_until timestamptz,
        CONSTRAINT learned_adapter_questions_pkey PRIMARY KEY (adapter_id),
        CONSTRAINT learned_adapter_questions_adapter_id_fkey
            FOREIGN KEY (adapter_id) REFERENCES learned_adapters (id) ON DELETE CASCADE,
        CONSTRAINT learned_adapter_questions_answered_by_fkey
            FOREIGN KEY (answered_by) REFERENCES members (id) ON DELETE SET NULL,
        CONSTRAINT learned_adapter_questions_answer_check CHECK (answer IN ('keep', 'promote')),
        CONSTRAINT learned_adapter_questions_answered_check CHECK ((answer IS NULL) = (answered_at IS NULL)),
        CONSTRAINT learned_adapter_questions_message_check CHECK ((channel_id IS NULL) = (message_id IS NULL))
    )
    """,
    "COMMENT ON TABLE learned_adapter_questions IS"
    " 'adapters that administrators are asked about, with the message that asks'",
    "COMMENT ON COLUMN learned_adapter_questions.is_shown IS 'whether the message is up to date'",
    "COMMENT ON COLUMN learned_adapter_questions.attempts IS 'at posting the message'",
    "CREATE INDEX learned_adapter_questions_due_idx ON learned_adapter_questions (due_at) WHERE NOT is_shown",
    """
    CREATE INDEX learned_adapter_questions_answered_by_idx ON learned_adapter_questions (answered_by)
    WHERE answered_by IS NOT NULL
    """,
)


def upgrade() -> None:
    """Create the table."""
    for statement in _STATEMENTS:
        op.execute(statement)
