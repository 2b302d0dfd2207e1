"""Keep the keys of programs that use the API, and their requests of the last day; find pictures by their files.

Safe while the previous release runs: it adds two tables of which that release knows nothing, and an index. While the
index is built, engines wait to store the rows of finished pictures: seconds for a million of them.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE api_keys (
        id uuid NOT NULL,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        member_id uuid NOT NULL,
        scopes text[] NOT NULL,
        jobs_per_day integer NOT NULL,
        jobs_at_once integer NOT NULL,
        cancels_abandoned boolean NOT NULL,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        last_used_at timestamp with time zone,
        revoked_at timestamp with time zone,
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash),
        CONSTRAINT api_keys_member_id_key UNIQUE (member_id),
        CONSTRAINT api_keys_scopes_check CHECK (scopes <@ ARRAY['models', 'paint', 'read']),
        CONSTRAINT api_keys_quota_check CHECK (jobs_per_day > 0 AND jobs_at_once > 0)
    )
    """,
    "CREATE UNIQUE INDEX api_keys_name_key ON api_keys (name) WHERE revoked_at IS NULL",
    "COMMENT ON TABLE api_keys IS 'keys of programs that use the API'",
    "COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256; the secret itself is kept nowhere'",
    "COMMENT ON COLUMN api_keys.member_id IS 'who its jobs belong to; no person'",
    """
    COMMENT ON COLUMN api_keys.cancels_abandoned IS
        'whether a job is cancelled when whoever waits for it hangs up'
    """,
    "COMMENT ON COLUMN api_keys.last_used_at IS 'to the minute'",
    """
    CREATE TABLE api_requests (
        id uuid NOT NULL,
        key_id uuid NOT NULL,
        fingerprint bytea NOT NULL,
        idempotency_key text,
        job_ids uuid[] NOT NULL,
        created_at timestamp with time zone DEFAULT now() NOT NULL,
        CONSTRAINT api_requests_pkey PRIMARY KEY (id),
        CONSTRAINT api_requests_key_id_fkey FOREIGN KEY (key_id) REFERENCES api_keys (id) ON DELETE CASCADE
    )
    """,
    """
    COMMENT ON TABLE api_requests IS
        'requests of the last day that started jobs, so that one that is repeated starts none'
    """,
    "COMMENT ON COLUMN api_requests.fingerprint IS 'SHA-256 of the path and of what was asked'",
    "CREATE INDEX api_requests_key_id_created_at_idx ON api_requests (key_id, created_at)",
    "CREATE INDEX api_requests_key_id_fingerprint_idx ON api_requests (key_id, fingerprint)",
    """
    CREATE INDEX api_requests_key_id_idempotency_key_idx ON api_requests (key_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL
    """,
    "CREATE INDEX pictures_object_key_idx ON pictures (object_key)",
)


def upgrade() -> None:
    """Create the tables and the indexes."""
    for statement in _STATEMENTS:
        op.execute(statement)
