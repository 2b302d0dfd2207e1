"""Let members have a style of their own, trained from their votes, and know of whom each has learnt something.

Safe while the previous release runs: it knows neither table, and lists such a style among the member's own LoRAs. Its
engines paint without it.
"""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE profiles (
    member_id uuid CONSTRAINT profiles_pkey PRIMARY KEY
        CONSTRAINT profiles_member_id_fkey REFERENCES members ON DELETE CASCADE,
    wanted_at timestamptz DEFAULT now() NOT NULL,
    num_votes integer,
    num_learned integer,
    counted_at timestamptz,
    CONSTRAINT profiles_counted_check CHECK ((num_votes IS NULL) = (counted_at IS NULL)),
    CONSTRAINT profiles_counts_check CHECK (num_votes >= 0 AND num_learned >= 0)
);
COMMENT ON TABLE profiles IS 'members who want a style of their own, trained from their votes';
COMMENT ON COLUMN profiles.num_votes IS 'of the member, when they were last counted';
COMMENT ON COLUMN profiles.num_learned IS 'of them, that the style was trained from';
CREATE TABLE profile_sources (
    adapter_id uuid CONSTRAINT profile_sources_adapter_id_fkey REFERENCES own_adapters ON DELETE CASCADE,
    member_id uuid CONSTRAINT profile_sources_member_id_fkey REFERENCES members ON DELETE CASCADE,
    CONSTRAINT profile_sources_pkey PRIMARY KEY (adapter_id, member_id)
);
CREATE INDEX profile_sources_member_id_idx ON profile_sources (member_id);
COMMENT ON TABLE profile_sources IS 'whose prompts, pictures and votes a member''s style was trained on'
"""


def upgrade() -> None:
    """Add the tables."""
    for statement in _SCRIPT.split(";"):
        op.execute(statement)
