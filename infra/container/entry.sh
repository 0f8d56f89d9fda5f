#!/bin/sh
# The command of the container: as the user of the services, on the state of the volume.
set -eu
state=$NIGHTSHIFT_STATE_DIR

if [ "$(id -u)" = 0 ]; then
  if ! grep -q " $state " /proc/self/mounts; then
    echo "nightshift: no-volume: the next container would forget what was spent" >&2
    echo "  at   $state" >&2
    echo "  fix  mount a volume there: podman run -v night:$state ..." >&2
    exit 78
  fi
  # A fresh volume belongs to root, and to everybody's eyes.
  chown nightshift:nightshift "$state"
  chmod 0700 "$state"
  exec setpriv --reuid=nightshift --regid=nightshift --init-groups -- "$0" "$@"
fi

cd /opt/nightshift
exec node_modules/node/bin/node packages/cli/src/main.ts "$@"
