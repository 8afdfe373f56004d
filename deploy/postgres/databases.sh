#!/usr/bin/env bash
# Run by PostgreSQL's image once, when its volume is empty: a role and a database for the events,
# others for the keys of what is sealed, so that neither's backup opens a name by itself.
set -euo pipefail

for name in events vault; do
    password=$(cat "${SECRETS:-/run/secrets}/postgres_$name")
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" <<SQL
CREATE ROLE $name LOGIN PASSWORD '$password';
CREATE DATABASE $name OWNER $name ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE $name FROM PUBLIC;
SQL
done
