"""Keep what administrators choose for their guild, and in the log and in deliveries which guild it was.

Safe while the previous release runs: it adds a table, a view, and columns that may be empty, as they are in the rows of
that release and in those from before.
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SCRIPT = """
CREATE TABLE guild_choices (
    press_id bigint NOT NULL,
    guild_id bigint NOT NULL,
    is_collecting boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT guild_choices_pkey PRIMARY KEY (press_id)
);
COMMENT ON TABLE guild_choices IS
    'whether what happens in a guild may be used for more than answering, by the interaction that said so; append-only';
CREATE INDEX guild_choices_guild_id_press_id_idx ON guild_choices (guild_id, press_id);
CREATE TRIGGER change_refused BEFORE UPDATE OR DELETE ON guild_choices FOR EACH ROW
    EXECUTE FUNCTION refuse_change_of_feedback();
CREATE TRIGGER truncate_refused BEFORE TRUNCATE ON guild_choices EXECUTE FUNCTION refuse_change_of_feedback();

ALTER TABLE actions ADD COLUMN guild_id bigint;
ALTER TABLE impressions ADD COLUMN guild_id bigint;
ALTER TABLE deliveries ADD COLUMN guild_id bigint;

CREATE VIEW closed_guilds AS
SELECT guild_id, since_press, until_press, since, until FROM (
    SELECT guild_id, is_collecting, press_id AS since_press, at AS since,
        lead(press_id) OVER of_guild AS until_press, lead(at) OVER of_guild AS until
    FROM guild_choices WINDOW of_guild AS (PARTITION BY guild_id ORDER BY press_id)
) AS periods WHERE NOT is_collecting AND until_press IS NOT NULL
UNION ALL
SELECT guild_id, 0, 9223372036854775807, '-infinity', 'infinity' FROM (
    SELECT DISTINCT ON (guild_id) guild_id, is_collecting FROM guild_choices ORDER BY guild_id, press_id DESC
) AS newest WHERE NOT is_collecting;
COMMENT ON VIEW closed_guilds IS
    'when guilds were closed to everything but answering: from one choice to the next, and always where they are now'
"""


def upgrade() -> None:
    """Create the table and the view, and add the columns."""
    driver = op.get_bind().connection.dbapi_connection
    assert driver is not None
    # One text of several statements, which the driver cannot prepare.
    driver.run_async(lambda connection: connection.execute(_SCRIPT))
