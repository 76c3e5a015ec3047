#!/bin/sh
# apt-install.sh PACKAGE ...: installs packages of Debian or Ubuntu, as root or with a sudo that does not ask.
# No service of theirs is started or left enabled, whatever the packages say.
set -eu

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=120 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$@"
}

# Debian asks policy-rc.d before it starts a service: 101 means "no".
policy=/usr/sbin/policy-rc.d
kept=$policy.before-o2ims
hold_services() {
  # One that is kept already is from a run that was killed: what stands is ours.
  if [ -e "$policy" ] && [ ! -e "$kept" ]; then as_root mv "$policy" "$kept"; fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}
release_services() {
  as_root rm -f "$policy"
  if [ -e "$kept" ]; then as_root mv "$kept" "$policy"; fi
}

hold_services
trap release_services EXIT
trap 'exit 130' INT TERM HUP

# What is wrong but for old lists is told the second time.
install "$@" 2>/dev/null || { as_root apt-get update -qq && install "$@"; }

# An installed unit is enabled and would start at the next boot.
if command -v systemctl >/dev/null 2>&1; then
  for unit in $(dpkg -L "$@" | sed -nE 's,.*/systemd/system/([^/@]*\.(service|socket))$,\1,p'); do
    as_root systemctl disable --quiet "$unit" >/dev/null 2>&1 || :
  done
fi
