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

if present; then exit 0; fi
command -v apt-get >/dev/null 2>&1 || give_up 'there is no apt-get here'
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || give_up 'apt-get needs root, and sudo would ask for a password'
fi

echo 'Installing redis-server with apt-get (no system service is started) ...'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP

scripts=$(dirname "$0")
if ! { "$scripts/apt-install.sh" redis-server || "$scripts/apt-install.sh" valkey-server; } >"$log" 2>&1; then
  tail -n 15 "$log" >&2
  give_up 'apt-get failed, see above'
fi
present || give_up 'apt-get says that it is installed, but it is not on the PATH'
