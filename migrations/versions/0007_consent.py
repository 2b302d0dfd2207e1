"""Keep what members agree to as proof: each choice with the version of the text, the time and the interaction.

The choice in force is also in `members`, so that whoever has locked a member's row knows it. A level that an operator
has set by hand becomes a choice of version 0, which has no interaction; the default level becomes no choice at all,
because nobody was asked. A notice is a row before it is sent, so that of several processes one sends it.

Safe while the previous release runs: it goes on reading the level, which every later choice keeps up to date, and its
new members have made no choice. The migrator locks `members` for a moment only: new columns have constant defaults.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SCRIPT = """
ALTER TABLE members
    ADD COLUMN consent_version smallint,
    ADD COLUMN may_train boolean DEFAULT false NOT NULL,
    ADD COLUMN may_publish boolean DEFAULT false NOT NULL,
    ADD COLUMN consent_press bigint,
    ADD CONSTRAINT members_asked_check CHECK (consent_version IS NOT NULL OR NOT (may_train OR may_publish));
COMMENT ON COLUMN members.consent IS 'read by the release before consent_choices alone';
COMMENT ON COLUMN members.consent_press IS 'the choice in force, which is copied here; none for what was set by hand';

CREATE TABLE consent_choices (
    press_id bigint NOT NULL,
    member_id uuid NOT NULL,
    version smallint NOT NULL,
    may_train boolean NOT NULL,
    may_publish boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT consent_choices_pkey PRIMARY KEY (press_id),
    CONSTRAINT consent_choices_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id),
    CONSTRAINT consent_choices_version_check CHECK (version > 0)
);
COMMENT ON TABLE consent_choices IS 'proof of what members agreed to, by the interaction that said so; append-only';
CREATE INDEX consent_choices_member_id_idx ON consent_choices (member_id);
CREATE TRIGGER change_refused BEFORE UPDATE OR DELETE ON consent_choices FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_feedback();
CREATE TRIGGER truncate_refused BEFORE TRUNCATE ON consent_choices EXECUTE FUNCTION refuse_change_of_feedback();

CREATE TABLE consent_notices (
    member_id uuid NOT NULL,
    version smallint NOT NULL,
    claimed_at timestamp with time zone DEFAULT now() NOT NULL,
    is_shown boolean DEFAULT false NOT NULL,
    CONSTRAINT consent_notices_pkey PRIMARY KEY (member_id, version),
    CONSTRAINT consent_notices_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE
);
COMMENT ON TABLE consent_notices IS 'who was shown which version of the text, or is being shown it';

UPDATE members SET consent_version = 0, may_train = true, may_publish = consent = 'publish' WHERE consent <> 'use'
"""


def upgrade() -> None:
    """Create the tables, and take over what was set by hand."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    # One text of several statements, which the driver cannot prepare.
    driver.run_async(lambda connection: connection.execute(_SCRIPT))
