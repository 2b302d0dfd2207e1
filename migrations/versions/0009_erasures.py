"""Keep erasures of members until they are done, and note the months of the log that hold something of a member.

A month holds something of whoever pressed or was shown something, and now also of those whose pictures it was about,
so that an erasure finds what others pressed on them.

Safe while the previous release runs: it adds tables, rows and an index. What that release writes meanwhile about
others' pictures notes no month of theirs; `events` does.
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE erasures (
    id uuid NOT NULL,
    member_id uuid,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_until timestamp with time zone,
    is_deleted boolean DEFAULT false NOT NULL,
    done_at timestamp with time zone,
    counts jsonb DEFAULT '{}' NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (id),
    CONSTRAINT erasures_member_id_key UNIQUE (member_id),
    CONSTRAINT erasures_nameless_when_done_check CHECK ((member_id IS NULL) = (done_at IS NOT NULL))
);
COMMENT ON TABLE erasures IS 'erasures of members; of one that is done stay the time and counts';
COMMENT ON COLUMN erasures.member_id IS 'none once it is done';
COMMENT ON COLUMN erasures.is_deleted IS 'whether the rows are';

CREATE TABLE erasure_objects (
    erasure_id uuid NOT NULL,
    key text NOT NULL,
    is_deleted boolean DEFAULT false NOT NULL,
    CONSTRAINT erasure_objects_pkey PRIMARY KEY (erasure_id, key),
    CONSTRAINT erasure_objects_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasures (id) ON DELETE CASCADE
);
COMMENT ON TABLE erasure_objects IS
    'files of the picture store that an erasure has still to delete, or to look for once more';

CREATE TABLE erasure_messages (
    erasure_id uuid NOT NULL,
    message_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    CONSTRAINT erasure_messages_pkey PRIMARY KEY (erasure_id, message_id),
    CONSTRAINT erasure_messages_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasures (id) ON DELETE CASCADE
);
COMMENT ON TABLE erasure_messages IS 'messages in Discord that an erasure has still to delete';

CREATE INDEX jobs_member_id_idx ON jobs (member_id);

INSERT INTO member_months (member_id, month)
SELECT DISTINCT jobs.member_id, press_month(press_id) FROM actions JOIN jobs ON jobs.id = job_id WHERE NOT is_owner
UNION
SELECT DISTINCT jobs.member_id, date_trunc('month', timestamp '1970-01-01'
    + ('x' || translate(left(impressions.id::text, 13), '-', ''))::bit(48)::bigint * interval '1 millisecond')::date
FROM impressions JOIN jobs ON jobs.id = job_id WHERE jobs.member_id <> impressions.member_id
ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION copy_new_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    action actions := action_of(NEW);
BEGIN
    PERFORM add_feedback_month('actions', press_month(action.press_id));
    INSERT INTO actions SELECT action.* ON CONFLICT (press_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO member_months SELECT held.member_id, press_month(action.press_id)
    FROM (SELECT action.member_id UNION SELECT jobs.member_id FROM jobs WHERE jobs.id = action.job_id) AS held
    ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Create the tables and the index, and note the months."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    # One text of several statements, which the driver cannot prepare.
    driver.run_async(lambda connection: connection.execute(_SCRIPT))
