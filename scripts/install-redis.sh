#!/bin/sh
# Makes sure that redis-server or valkey-server is on the PATH. Where apt works without asking it installs one,
# and no system service is started or left enabled: o2ims runs its own, with its own data folder.
set -eu

present() { command -v redis-server >/dev/null 2>&1 || command -v valkey-server >/dev/null 2>&1; }

give_up() {
  cat >&2 <<TEXT
redis-server (or valkey-server) is not on the PATH, and it was not installed: $1
Do one of these, then run the same command again:
  Debian, Ubuntu:  sudo apt-get install redis-server    (then: sudo systemctl disable --now redis-server)
  Fedora:          sudo dnf install valkey
  macOS:           brew install redis
  or run "REDIS_URL=... ENCRYPTION_KEY=... npm start" with a Redis or Valkey that you have
TEXT
  exit 1
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$1"
}

# Debian asks policy-rc.d before it starts a service: 101 means "no".
policy=/usr/sbin/policy-rc.d
kept=
hold_services() {
  if [ -e "$policy" ]; then
    kept=$policy.before-o2ims
    as_root mv "$policy" "$kept"
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}
release_services() {
  as_root rm -f "$policy"
  if [ -n "$kept" ]; then as_root mv "$kept" "$policy"; fi
}

if present; then exit 0; fi
command -v apt-get >/dev/null 2>&1 || give_up 'there is no apt-get here'
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || give_up 'apt-get needs root, and sudo would ask for a password'
fi

echo 'Installing redis-server with apt-get (no system service is started) ...'
log=$(mktemp)
hold_services
trap 'release_services; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

if ! { install redis-server || { as_root apt-get update -qq && { install redis-server || install valkey-server; }; }; } >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  give_up 'apt-get failed, see above'
fi
# An installed unit is enabled and would start at the next boot.
if command -v systemctl >/dev/null 2>&1; then
  for unit in redis-server valkey-server; do
    as_root systemctl disable --quiet "$unit.service" >/dev/null 2>&1 || :
  done
fi
present || give_up 'apt-get says that it is installed, but it is not on the PATH'
