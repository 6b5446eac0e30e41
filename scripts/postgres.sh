# A PostgreSQL of one's own, for scripts that are sourced with it: `start_postgres` exports
# PORTICO_TEST_POSTGRES and stops the server when the script ends; a script that has more to do then
# names a function of its own in `at_exit`, which calls `stop_postgres`. PORTICO_TEST_FSYNC=on makes
# commits durable, for measurements.

readonly CONNECTIONS=200
readonly TRIES=5
folder=

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    (cd / && exec runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

# The newest server on this machine: Debian keeps it off the PATH.
postgres_programs() {
  local found
  found="$(compgen -G '/usr/lib/postgresql/*/bin/pg_ctl' | sort -V | tail -n 1)" ||
    found="$(command -v pg_ctl)" ||
    { say "PostgreSQL is missing; run scripts/setup"; exit 1; }
  dirname "$found"
}

stop_postgres() {
  [ -n "$folder" ] || return 0
  as_postgres "$programs/pg_ctl" stop --pgdata "$folder/data" --mode immediate --silent || true
  rm -rf "$folder"
}

start_postgres() {
  local password port attempt fsync="${PORTICO_TEST_FSYNC:-off}"
  programs="$(postgres_programs)"
  folder="$(mktemp -d)"
  trap "${at_exit:-stop_postgres}" EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  password="$(head -c 24 /dev/urandom | base64 | tr '+/' 'ab')"
  printf '%s\n' "$password" > "$folder/password"
  if [ "$(id -u)" -eq 0 ]; then chown -R postgres "$folder"; fi
  # SCRAM costs a client that was built without optimization a tenth of a second a connection. The
  # password is drawn for this server alone and goes over loopback.
  as_postgres "$programs/initdb" --pgdata "$folder/data" --username portico --encoding UTF8 \
    --locale C --auth password --pwfile "$folder/password" --no-sync > "$folder/initdb.log" ||
    { cat "$folder/initdb.log" >&2; exit 1; }
  for attempt in $(seq "$TRIES"); do
    port=$((20000 + RANDOM % 12000))
    if as_postgres "$programs/pg_ctl" start --pgdata "$folder/data" --wait --silent \
      --log "$folder/log" --options "-h 127.0.0.1 -p $port -k $folder \
        -c max_connections=$CONNECTIONS -c shared_buffers=256MB \
        -c fsync=$fsync -c full_page_writes=$fsync -c synchronous_commit=on"; then
      export PORTICO_TEST_POSTGRES="postgres://portico:$password@127.0.0.1:$port/postgres"
      return
    fi
    say "port $port did not do (attempt $attempt of $TRIES)"
  done
  cat "$folder/log" >&2
  exit 1
}
