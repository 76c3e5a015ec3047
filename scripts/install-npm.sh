#!/bin/sh
# Installs the npm packages when node_modules is missing or older than package-lock.json.
set -eu
cd "$(dirname "$0")/.."

command -v npm >/dev/null 2>&1 || {
  echo 'npm is not on the PATH: install Node.js 20 or later (https://nodejs.org); the version that o2ims runs on comes with "npm ci"' >&2
  exit 1
}

stamp=node_modules/.o2ims-lock
now=$(cksum <package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then exit 0; fi

installed=node_modules/.package-lock.json
if [ ! -f "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
  echo 'Installing npm packages (npm ci) ...'
  npm ci --no-audit --no-fund --loglevel=error
fi
printf '%s\n' "$now" >"$stamp"
