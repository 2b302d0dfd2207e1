"""Create what pairs of pictures are chosen from: every grid that was delivered, and the pairs that members were shown.

Safe while the previous release runs: it knows neither table, and its changes of consent are followed by the trigger.
The running service enters the grids, also those that are there already and those that the previous release delivers.

There are no foreign keys to `jobs`: to add one, the migrator would have to wait for presses that wait for the tables
that it has locked. A grid whose job was erased is forgotten when its turn comes.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE rank_grids (
        job_id uuid NOT NULL,
        member_id uuid NOT NULL,
        channel_id bigint NOT NULL,
        is_shared boolean NOT NULL,
        is_nsfw boolean NOT NULL,
        may_train boolean NOT NULL,
        tallies smallint[] NOT NULL,
        uncertainty double precision NOT NULL,
        is_left_out boolean DEFAULT false NOT NULL,
        CONSTRAINT rank_grids_pkey PRIMARY KEY (job_id),
        CONSTRAINT rank_grids_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT rank_grids_tallies_check CHECK (cardinality(tallies) = 18)
    )
    """,
    "COMMENT ON TABLE rank_grids IS 'grids whose pictures may be compared, and how members did'",
    "COMMENT ON COLUMN rank_grids.is_shared IS 'whether it was posted in a server'",
    "COMMENT ON COLUMN rank_grids.may_train IS 'of the owner; a trigger on members keeps it'",
    "COMMENT ON COLUMN rank_grids.is_left_out IS 'reported, deleted or lost'",
    "COMMENT ON COLUMN rank_grids.tallies IS 'six pairs: first, second, neither'",
    """
    CREATE TABLE rank_pairs (
        impression_id uuid NOT NULL,
        member_id uuid NOT NULL,
        number integer NOT NULL,
        num_answered integer NOT NULL,
        job_id uuid NOT NULL,
        pair smallint NOT NULL,
        is_swapped boolean NOT NULL,
        left_id uuid NOT NULL,
        right_id uuid NOT NULL,
        is_repeat boolean NOT NULL,
        press_id bigint,
        choice text,
        CONSTRAINT rank_pairs_pkey PRIMARY KEY (impression_id),
        CONSTRAINT rank_pairs_member_id_fkey FOREIGN KEY (member_id) REFERENCES members (id) ON DELETE CASCADE,
        CONSTRAINT rank_pairs_member_id_number_key UNIQUE (member_id, number),
        CONSTRAINT rank_pairs_choice_check CHECK (choice IN ('both_bad', 'left', 'right', 'skip', 'tie')),
        CONSTRAINT rank_pairs_pair_check CHECK (pair BETWEEN 0 AND 5),
        CONSTRAINT rank_pairs_answered_check CHECK ((press_id IS NULL) = (choice IS NULL))
    )
    """,
    "COMMENT ON TABLE rank_pairs IS"
    " 'which pairs members were asked to compare, so that none comes again unless it is meant to'",
    "COMMENT ON COLUMN rank_pairs.number IS 'of the member''s pairs, from 1'",
    "COMMENT ON COLUMN rank_pairs.num_answered IS 'pairs that the member had compared by then'",
    "COMMENT ON COLUMN rank_pairs.is_swapped IS 'whether the first slot is on the right'",
    "COMMENT ON COLUMN rank_pairs.press_id IS 'the press that answered it'",
    "CREATE INDEX rank_pairs_member_id_job_id_idx ON rank_pairs (member_id, job_id)",
    """
    CREATE FUNCTION follow_consent() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- In the order in which answers lock them.
        PERFORM FROM rank_grids WHERE member_id = NEW.id ORDER BY job_id FOR UPDATE;
        UPDATE rank_grids SET may_train = NEW.may_train WHERE member_id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER consent_followed AFTER UPDATE OF may_train ON members FOR EACH ROW
    WHEN (OLD.may_train IS DISTINCT FROM NEW.may_train)
    EXECUTE FUNCTION follow_consent()
    """,
    "CREATE INDEX rank_pairs_job_id_idx ON rank_pairs (job_id)",
    "CREATE INDEX rank_grids_member_id_idx ON rank_grids (member_id)",
    """
    CREATE INDEX rank_grids_channel_idx ON rank_grids (channel_id, is_nsfw, uncertainty, job_id)
    WHERE is_shared AND may_train AND NOT is_left_out
    """,
)


def upgrade() -> None:
    """Create everything."""
    for statement in _STATEMENTS:
        op.execute(statement)
