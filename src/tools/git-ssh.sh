#!/bin/sh
# ssh closes every inherited file but the first three, so it reads key and host keys through this shell, which waits for it.
set -- -o BatchMode=yes -o ConnectTimeout=15 -o ServerAliveInterval=10 -o StrictHostKeyChecking=yes "$@"
if [ -n "$O2IMS_HOST_KEYS" ]; then
  set -- -o "UserKnownHostsFile=/proc/$$/fd/4" -o GlobalKnownHostsFile=/dev/null "$@"
fi
if [ -n "$O2IMS_KEY" ]; then
  set -- -F none -i "/proc/$$/fd/3" -o IdentitiesOnly=yes -o IdentityAgent=none -o PreferredAuthentications=publickey "$@"
fi
ssh "$@"
