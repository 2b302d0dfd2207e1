# Makes the database at the first start, as the official image does, and becomes the server.
set -eu
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    initdb -D "$PGDATA" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" -A scram-sha-256
    pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -k /tmp"
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") createdb -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl -D "$PGDATA" -w stop
fi
exec postgres -D "$PGDATA" -k /tmp -p "${PGPORT:-5432}"
