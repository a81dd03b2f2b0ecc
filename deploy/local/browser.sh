#!/usr/bin/env bash
# The console's screens in a real browser, on a console that is filled by fakes. Installs on Debian and Ubuntu what is missing.
#   deploy/local/browser.sh              all tests
#   SHOTS=folder deploy/local/browser.sh the same, with a picture of every screen
#   deploy/local/browser.sh --stand      only the filled console, until Ctrl-C: to look at
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || missing+=(chromium)
if [ "${#missing[@]}" -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "browser.sh: install ${missing[*]} (Node 20 or later), or name a Chromium in CHROMIUM" >&2
    exit 1
  fi
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  echo "installing ${missing[*]}" >&2
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

cargo build --locked --quiet -p oncepost
cargo build --locked --quiet -p oncepost-testkit
[ -z "${SHOTS:-}" ] || SHOTS=$(mkdir -p "$SHOTS" && cd "$SHOTS" && pwd)
export SHOTS
cd services/console/browser
npm ci --silent --no-audit --no-fund
if [ "${1:-}" = --stand ]; then exec node stack.mjs; fi
exec node --test
