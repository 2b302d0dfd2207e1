"""Keep exports that members ask for in Discord until they are made and told, so that none is lost with a bot.

Safe while the previous release runs: it adds a table, which goes with a member who is erased.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE exports (
        id uuid NOT NULL,
        press_id bigint NOT NULL,
        member_id uuid NOT NULL,
        guild_id bigint,
        options jsonb NOT NULL,
        max_bytes bigint NOT NULL,
        state text DEFAULT 'waiting' NOT NULL,
        outcome jsonb DEFAULT '{}' NOT NULL,
        secret text NOT NULL,
        token text,
        token_expires_at timestamp with time zone,
        attempts smallint DEFAULT 0 NOT NULL,
        claimed_until timestamp with time zone,
        telling text DEFAULT 'due' NOT NULL,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        ended_at timestamp with time zone,
        CONSTRAINT exports_pkey PRIMARY KEY (id),
        CONSTRAINT exports_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT exports_press_id_key UNIQUE (press_id),
        CONSTRAINT exports_state_check CHECK (state IN ('done', 'failed', 'refused', 'waiting')),
        CONSTRAINT exports_telling_check CHECK (telling IN ('due', 'held', 'told')),
        CONSTRAINT exports_ended_check CHECK ((state = 'waiting') = (ended_at IS NULL)),
        CONSTRAINT exports_token_expires_check CHECK ((token IS NULL) = (token_expires_at IS NULL))
    )
    """,
    "COMMENT ON TABLE exports IS 'exports that members have asked for in Discord'",
    "COMMENT ON COLUMN exports.guild_id IS 'none for the member''s own data'",
    "COMMENT ON COLUMN exports.max_bytes IS 'the largest file that Discord takes there'",
    "COMMENT ON COLUMN exports.secret IS 'signs links to the file'",
    "COMMENT ON COLUMN exports.token IS 'secret; answers the interaction until it expires'",
    "COMMENT ON COLUMN exports.telling IS 'held: until the member asks, because Discord takes no message to them'",
    "CREATE UNIQUE INDEX exports_waiting_guild_idx ON exports (guild_id) WHERE state = 'waiting'",
    """
    CREATE UNIQUE INDEX exports_waiting_member_idx ON exports (member_id)
    WHERE state = 'waiting' AND guild_id IS NULL
    """,
    "CREATE INDEX exports_open_idx ON exports (id) WHERE state = 'waiting' OR telling = 'due'",
    "CREATE INDEX exports_guild_id_id_idx ON exports (guild_id, id)",
    "CREATE INDEX exports_member_id_idx ON exports (member_id)",
)


def upgrade() -> None:
    """Create the table and its indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
