#!/bin/sh
# Makes .env and the secrets that compose.yaml reads. What is there already is kept.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets

random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

keep_or_write() {
    [ -s "secrets/$1" ] || printf '%s\n' "$2" >"secrets/$1"
}

if [ ! -s secrets/discord_token ]; then
    token=${DISCORD_TOKEN:-}
    if [ -z "$token" ]; then
        printf 'Token of your bot (Developer Portal, Bot, Reset Token): '
        read -r token
    fi
    if [ -z "$token" ]; then
        echo "Easel needs the token of a bot. Run prepare.sh again when you have one." >&2
        exit 1
    fi
    keep_or_write discord_token "$token"
fi
keep_or_write postgres_password "$(random)"
keep_or_write database_url "postgresql://easel:$(cat secrets/postgres_password)@postgres:5432/easel"
keep_or_write grafana_password "$(random)"
keep_or_write s3_access_key easel
keep_or_write s3_secret_key "$(random)"
keep_or_write s3_config "{\"identities\": [{\"name\": \"easel\", \"credentials\": [{\"accessKey\": \
\"$(cat secrets/s3_access_key)\", \"secretKey\": \"$(cat secrets/s3_secret_key)\"}], \"actions\": [\"Admin\"]}]}"
# The containers read them as users of their own; the folder is closed to all others.
chmod 700 secrets
chmod 644 secrets/*

if [ ! -e .env ]; then
    profile=cpu
    if command -v nvidia-smi >/dev/null 2>&1; then profile=gpu; fi
    sed "s/^COMPOSE_PROFILES=.*/COMPOSE_PROFILES=$profile/" env.example >.env
    echo "Wrote .env for a server with a $profile engine. Look through it."
fi
echo "Next: docker compose up -d --build"
echo "Grafana is on http://127.0.0.1:3000, user admin; its password is in secrets/grafana_password."
