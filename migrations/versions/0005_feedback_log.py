"""Create the feedback log, append-only tables of impressions and actions with one partition a month, and copy events.

A press's id is Discord's, which is ordered by time: partitions are ranges of it, so that the primary key holds across
all of them and tells a press that comes twice. Impressions go by their own id, a UUIDv7. Bounds are numbers and ids,
not times, so that no session's time zone moves them.

Safe while the previous release runs, which goes on writing to `events` and reading its ratings there: a trigger copies
each row that is written to `events` into `actions` first, and drops it if its press is there already. So a press is
recorded once whichever release it reaches, the new release reads `actions` alone, and nothing is left to be copied.
`events` stays until the next release. What is there already is copied without a lock, a minute for each million rows;
then writers wait while the rows that came meanwhile are found and copied, a second for each million. For that the
migrator takes `events` and, for the next revision, `deliveries` in a moment in which it gets both: presses use them in
either order, and to wait for one with the other in hand would be a deadlock. A press that was recorded under an id that
is not Discord's gets one of its time, kept in `press_keys`.

What nobody was asked is copied as that: the default consent of the previous release, `use`, becomes "not asked".
Nothing says which results the previous release showed, so that impressions begin with the new one; a copied action has
the pictures that were in view.
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE impressions (
    id uuid NOT NULL,
    kind text NOT NULL,
    message_id bigint,
    job_id uuid,
    member_id uuid NOT NULL,
    pictures jsonb NOT NULL,
    prompt_hash text NOT NULL,
    prompt_source text,
    parent_job_id uuid,
    parent_picture_id uuid,
    operation text,
    surface text,
    is_nsfw_channel boolean,
    ui_version smallint NOT NULL,
    consent_version smallint,
    may_train boolean NOT NULL,
    may_publish boolean NOT NULL,
    shown_at timestamp with time zone NOT NULL,
    CONSTRAINT impressions_pkey PRIMARY KEY (id),
    CONSTRAINT impressions_kind_check CHECK (kind IN ('grid', 'pair', 'picture')),
    CONSTRAINT impressions_prompt_source_check CHECK (prompt_source IN ('command', 'message', 'modal')),
    CONSTRAINT impressions_surface_check CHECK (surface IN ('dm', 'guild', 'private')),
    CONSTRAINT impressions_asked_check CHECK (consent_version IS NOT NULL OR NOT (may_train OR may_publish)),
    CONSTRAINT impressions_job_unless_pair_check CHECK ((kind = 'pair') = (job_id IS NULL))
) PARTITION BY RANGE (id);
COMMENT ON TABLE impressions IS 'what was shown to whom; append-only, one partition a month';
CREATE INDEX impressions_job_id_idx ON impressions (job_id);
CREATE INDEX impressions_member_id_idx ON impressions (member_id);
CREATE INDEX impressions_message_id_idx ON impressions (message_id);

CREATE TABLE actions (
    press_id bigint NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    impression_id uuid,
    message_id bigint,
    job_id uuid,
    member_id uuid NOT NULL,
    is_owner boolean NOT NULL,
    verb text NOT NULL,
    slot smallint,
    picture_id uuid,
    value smallint,
    choice text,
    variation text,
    replaces bigint,
    shown_pictures uuid[] NOT NULL,
    shown_slots smallint[] NOT NULL,
    model text,
    model_hash text,
    surface text NOT NULL,
    latency_ms bigint,
    consent_version smallint,
    may_train boolean NOT NULL,
    may_publish boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT actions_pkey PRIMARY KEY (press_id),
    CONSTRAINT actions_verb_check CHECK (verb IN ('best', 'cancel', 'choose', 'delete', 'favourite', 'rate', 'report',
        'reroll', 'save', 'upscale', 'vary')),
    CONSTRAINT actions_surface_check CHECK (surface IN ('dm', 'guild', 'private')),
    CONSTRAINT actions_choice_check CHECK (choice IN ('both_bad', 'left', 'right', 'skip', 'tie')),
    CONSTRAINT actions_choice_when_chosen_check CHECK ((verb = 'choose') = (choice IS NOT NULL)),
    CONSTRAINT actions_value_check CHECK (CASE WHEN verb = 'rate' THEN value IS NOT NULL AND value BETWEEN 0 AND 4
        WHEN verb IN ('best', 'favourite') THEN value IS NOT NULL AND value BETWEEN 0 AND 1 ELSE value IS NULL END),
    CONSTRAINT actions_latency_check CHECK (latency_ms >= 0),
    CONSTRAINT actions_shown_check CHECK (cardinality(shown_pictures) = cardinality(shown_slots)),
    CONSTRAINT actions_asked_check CHECK (consent_version IS NOT NULL OR NOT (may_train OR may_publish))
) PARTITION BY RANGE (press_id);
COMMENT ON TABLE actions IS 'what members pressed; append-only, one partition a month';
CREATE INDEX actions_job_id_idx ON actions (job_id);
CREATE INDEX actions_member_id_idx ON actions (member_id);

CREATE TABLE member_months (
    member_id uuid NOT NULL,
    month date NOT NULL,
    CONSTRAINT member_months_pkey PRIMARY KEY (member_id, month)
);
COMMENT ON TABLE member_months IS 'the months of the log that hold something of a member; erasure reads no other';

CREATE TABLE press_keys (
    key text NOT NULL,
    press_id bigint NOT NULL,
    CONSTRAINT press_keys_pkey PRIMARY KEY (key),
    CONSTRAINT press_keys_press_id_key UNIQUE (press_id)
);
COMMENT ON TABLE press_keys IS 'presses whose id is not Discord''s, each with an id of its time that stands for it'
"""

_BOUNDS = """
CREATE FUNCTION feedback_bound(log text, month date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE log WHEN 'actions' THEN ((ms - 1420070400000) << 22)::text
        ELSE substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-0000-0000-000000000000' END
    FROM (SELECT ms, lpad(to_hex(ms), 12, '0') AS hex
          FROM (SELECT (extract(epoch FROM month::timestamp) * 1000)::bigint AS ms) AS first) AS bound
$$;
COMMENT ON FUNCTION feedback_bound IS 'the least key of a month of the log, by UTC';

CREATE FUNCTION press_month(press_id bigint) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT date_trunc('month', timestamp '2015-01-01' + (press_id >> 22) * interval '1 millisecond')::date
$$;
COMMENT ON FUNCTION press_month IS 'the month, by UTC, of an id of Discord''s'
"""

_APPEND_ONLY = """
CREATE FUNCTION refuse_change_of_feedback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('easel.erasing', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
        HINT = 'Only the erasure of a member deletes, with easel.erasing set to on for its transaction.';
END $$;

CREATE FUNCTION add_feedback_month(log text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    name text := log || to_char(month, '_YYYY_MM');
    key text := CASE log WHEN 'actions' THEN 'press_id' ELSE 'id' END;
    lower text;
    upper text;
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    lower := feedback_bound(log, date_trunc('month', month::timestamp)::date);
    upper := feedback_bound(log, (date_trunc('month', month::timestamp) + interval '1 month')::date);
    PERFORM pg_advisory_xact_lock(965089, hashtext(log));
    IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = current_schema()::regnamespace) THEN
        RETURN false;
    END IF;
    -- CREATE ... PARTITION OF would wait for every transaction that writes to the log.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, log);
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT month CHECK (%I >= %L AND %I < %L)', name, key, lower, key, upper);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', log, name, lower, upper);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT month', name);
    -- Attaching copies the triggers of rows, but not this one.
    EXECUTE format('CREATE TRIGGER truncate_refused BEFORE TRUNCATE ON %I EXECUTE FUNCTION refuse_change_of_feedback()',
        name);
    RETURN true;
END $$;
COMMENT ON FUNCTION add_feedback_month IS 'make the partition of a month unless it exists; return whether it was made';

CREATE TRIGGER change_refused BEFORE UPDATE OR DELETE ON impressions FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_feedback();
CREATE TRIGGER truncate_refused BEFORE TRUNCATE ON impressions EXECUTE FUNCTION refuse_change_of_feedback();
CREATE TRIGGER change_refused BEFORE UPDATE OR DELETE ON actions FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_feedback();
CREATE TRIGGER truncate_refused BEFORE TRUNCATE ON actions EXECUTE FUNCTION refuse_change_of_feedback()
"""

_MONTHS_AHEAD = """
SELECT add_feedback_month(log, (date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date)
FROM unnest(ARRAY['impressions', 'actions']) AS log, generate_series(-1, 3) AS n
"""

_COPY = """
CREATE FUNCTION press_id_of(own_key text, pressed_at timestamp with time zone) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
    first bigint := (floor(extract(epoch FROM pressed_at) * 1000)::bigint - 1420070400000) << 22;
BEGIN
    IF own_key ~ '^[1-9][0-9]{0,18}$' AND own_key::numeric <= 9223372036854775807 THEN
        RETURN own_key::bigint;
    END IF;
    LOOP
        SELECT press_id INTO found FROM press_keys WHERE key = own_key;
        EXIT WHEN found IS NOT NULL;
        found := greatest(first, 0) + 1 + floor(random() * 4194303)::bigint;
        IF NOT EXISTS (SELECT FROM actions WHERE press_id = found) THEN
            INSERT INTO press_keys (key, press_id) VALUES (own_key, found) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
    RETURN found;
END $$;

CREATE FUNCTION action_of(event events) RETURNS actions LANGUAGE plpgsql AS $$
DECLARE
    action actions;
BEGIN
    action.press_id := press_id_of(event.press_id, event.at);
    action.id := event.id;
    action.job_id := event.job_id;
    action.member_id := event.member_id;
    action.is_owner := event.is_owner;
    action.verb := event.verb;
    action.picture_id := event.picture_id;
    action.value := event.value;
    action.shown_pictures := ARRAY(SELECT (item ->> 'picture_id')::uuid
        FROM jsonb_array_elements(event.shown) WITH ORDINALITY AS s (item, n) ORDER BY n);
    action.shown_slots := ARRAY(SELECT (item ->> 'slot')::smallint
        FROM jsonb_array_elements(event.shown) WITH ORDINALITY AS s (item, n) ORDER BY n);
    action.slot := action.shown_slots[array_position(action.shown_pictures, event.picture_id)];
    action.model := event.model;
    action.model_hash := event.model_hash;
    action.surface := event.surface;
    action.latency_ms := event.latency_ms;
    action.consent_version := CASE WHEN event.consent <> 'use' THEN 0 END;
    action.may_train := event.consent IN ('train', 'publish');
    action.may_publish := event.consent = 'publish';
    action.at := event.at;
    RETURN action;
END $$;

CREATE FUNCTION copy_new_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    action actions := action_of(NEW);
BEGIN
    PERFORM add_feedback_month('actions', press_month(action.press_id));
    INSERT INTO actions SELECT action.* ON CONFLICT (press_id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO member_months VALUES (action.member_id, press_month(action.press_id)) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

CREATE FUNCTION copy_events() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM add_feedback_month('actions', month)
    FROM (SELECT DISTINCT press_month(press_id_of(press_id, at)) AS month FROM events) AS months;
    WITH copied AS (
        INSERT INTO actions SELECT action.* FROM events CROSS JOIN LATERAL action_of(events) AS action
        WHERE NOT EXISTS (SELECT FROM actions WHERE actions.id = events.id)
        ON CONFLICT (press_id) DO NOTHING RETURNING member_id, press_id
    )
    INSERT INTO member_months SELECT DISTINCT member_id, press_month(press_id) FROM copied ON CONFLICT DO NOTHING;
END $$;

SELECT copy_events();
DO $$
DECLARE
    deadline timestamp with time zone := clock_timestamp() + interval '30 seconds';
BEGIN
    LOOP
        BEGIN
            LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE NOWAIT;
            LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE NOWAIT;
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF clock_timestamp() > deadline THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.01);
        END;
    END LOOP;
END $$;
SELECT copy_events();
DROP FUNCTION copy_events;
CREATE TRIGGER copied_first BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION copy_new_event()
"""


def upgrade() -> None:
    """Create everything, and copy the events."""
    for script in (_TABLES, _BOUNDS, _APPEND_ONLY, _MONTHS_AHEAD, _COPY):
        _execute_script(script)


def _execute_script(script: str) -> None:
    """Run statements that the driver cannot prepare because they come as one text."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    driver.run_async(lambda connection: connection.execute(script))
