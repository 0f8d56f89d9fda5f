#!/usr/bin/env bash
# Puts the commit that is checked out here onto a machine, over ssh, and makes sure that it works:
#
#   infra/vps/deploy.sh root@HOST
#
# Each release gets a folder of its own, so the one before stays whole. `nightshift install` of the
# new release migrates, writes the units, starts them and waits for three services to beat. When it
# fails, the same command of the previous release puts that back: a migrated database stays usable
# by the release before (ARCHITECTURE.md). Run again after an interruption, it begins anew.
set -euo pipefail
cd "$(dirname "$0")/../.."

host=${1:?usage: infra/vps/deploy.sh USER@HOST}
release=$(git rev-parse --short=12 HEAD)
if [ -n "$(git status --porcelain)" ]; then
  echo 'deploy: there are changes that are not committed; only commits are deployed' >&2
  exit 1
fi

git archive --format=tar HEAD | ssh "$host" "set -e
  dir=/opt/nightshift/releases/$release
  rm -rf \"\$dir.new\" && mkdir -p \"\$dir.new\" && tar -x -C \"\$dir.new\"
  [ -d \"\$dir\" ] || mv \"\$dir.new\" \"\$dir\"
  rm -rf \"\$dir.new\""

ssh "$host" bash -s -- "$release" <<'REMOTE'
set -euo pipefail
release=$1
base=/opt/nightshift
project=$base/project
new=$base/releases/$release
old=$(readlink -f "$base/current" 2>/dev/null || true)

need=()
command -v npm >/dev/null || need+=(nodejs npm)
[ -e /usr/bin/bwrap ] || need+=(bubblewrap)
ldconfig -p | grep -q 'libatomic\.so\.1' || need+=(libatomic1)
if [ ${#need[@]} -gt 0 ]; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${need[@]}"
fi
(cd "$new" && node infra/setup/run.mjs install)

nightshift_of() {
  local dir=$1
  shift
  "$dir/node_modules/node/bin/node" "$dir/packages/cli/src/main.ts" "$@"
}

# The project resolves what it imports through `current`, whichever release that is.
use() {
  ln -sfn "$1" "$base/current.new" && mv -T "$base/current.new" "$base/current"
  for it in nightshift:packages/nightshift ai:node_modules/ai; do
    ln -sfn "$base/current/${it#*:}" "$project/node_modules/${it%%:*}"
  done
}

start() {
  use "$1"
  (cd "$project" && nightshift_of "$1" install --systemd ${WITHOUT_ALERTS:+--without-alerts})
}

if [ ! -e "$project/nightshift.config.ts" ]; then
  nightshift_of "$new" init "$project" --yes --channel ntfy
  use "$new"
  echo "deploy: first write $project/nightshift.config.ts and /etc/nightshift/nightshift.env, then run this again"
  exit 0
fi

if command -v nightshift >/dev/null; then nightshift backup; fi
if start "$new"; then
  echo "deploy: $release runs"
elif [ -n "$old" ] && [ "$old" != "$new" ]; then
  echo "deploy: $release does not run; putting $(basename "$old") back" >&2
  start "$old"
  exit 1
else
  echo "deploy: $release does not run, and there is no release before it" >&2
  exit 1
fi

# Three releases are enough to go back.
ls -1dt "$base"/releases/*/ | tail -n +4 | while read -r dir; do
  [ "$(readlink -f "$dir")" = "$(readlink -f "$base/current")" ] || rm -rf "$dir"
done
REMOTE
