#!/usr/bin/env bash
# Puts the commit that is checked out here onto a machine, over ssh, and makes sure that it works:
#
#   infra/vps/deploy.sh root@HOST [--without-alerts]
#
# Anybody who may use sudo there without a password will do instead of root. Each release gets a
# folder of its own, so the one before stays whole, and `last-good` names the last one that worked.
# `nightshift install` of the new release migrates, writes the units, starts them and waits for
# three services to beat. When it fails, the same command of the last good release puts that back: a
# migrated database stays usable by the release before (ARCHITECTURE.md). Until then nothing that
# runs is touched. Run again after an interruption, it begins anew.
set -euo pipefail
cd "$(dirname "$0")/../.."

host=${1:?usage: infra/vps/deploy.sh USER@HOST [--without-alerts]}
flag=${2:-}
if [ -n "$flag" ] && [ "$flag" != --without-alerts ]; then
  echo "deploy: what is $flag?" >&2
  exit 64
fi
release=$(git rev-parse --short=12 HEAD)
if [ -n "$(git status --porcelain)" ]; then
  echo 'deploy: there are changes that are not committed; only commits are deployed' >&2
  exit 1
fi

as_root() {
  ssh "$host" "if [ \$(id -u) = 0 ]; then $1; else sudo -n $1; fi"
}

# Compressed, because a compressed stream that was cut off is an error and a plain one is not.
incoming=/opt/nightshift/incoming
git archive --format=tar.gz HEAD |
  as_root "sh -c 'rm -rf $incoming && mkdir -p $incoming && tar -xz -C $incoming'"

as_root "bash -s -- $release $flag" <<'REMOTE'
set -euo pipefail
umask 022
release=$1
flag=${2:-}
base=/opt/nightshift
project=$base/project
new=$base/releases/$release

say() {
  echo "deploy: $*" >&2
}

nightshift_of() {
  local dir=$1
  shift
  "$dir/node_modules/node/bin/node" "$dir/packages/cli/src/main.ts" "$@"
}

point() {
  ln -sfn "$2" "$1.new" && mv -T "$1.new" "$1"
}

# What the project imports is the release itself: a sandboxed agent sees no link on the way there.
use() {
  point "$base/current" "$1"
  local modules=$project/node_modules
  mkdir -p "$modules/@nightshift" "$modules/@types" "$modules/.bin"
  ln -sfn "$1/packages/nightshift" "$modules/nightshift"
  ln -sfn "$1/packages/digest" "$modules/@nightshift/digest"
  ln -sfn "$1/node_modules/ai" "$modules/ai"
  ln -sfn "$1/node_modules/@types/node" "$modules/@types/node"
  ln -sfn /usr/local/bin/nightshift "$modules/.bin/nightshift"
}

start() {
  use "$1" && (cd "$project" && nightshift_of "$1" install --systemd $flag)
}

# A release that was not made whole must neither be used nor fill the disk.
make_ready() {
  if [ -e "$new/.complete" ]; then
    rm -rf "$base/incoming"
    return
  fi
  rm -rf "$new"
  mkdir -p "$base/releases"
  mv "$base/incoming" "$new"
  bash "$new/infra/vps/prepare.sh" &&
    (cd "$new" && node infra/setup/run.mjs install --production) &&
    touch "$new/.complete" && return
  rm -rf "$new"
  say "$release could not be made ready; nothing that runs was touched"
  exit 1
}

# Three releases are enough to go back.
prune() {
  ls -1dt "$base"/releases/* | tail -n +4 | while read -r dir; do
    [ "$dir" = "$new" ] || [ "$dir" = "$(readlink -f "$base/last-good")" ] || rm -rf "$dir"
  done
}

main() {
  exec 9>/run/nightshift-deploy.lock
  flock -n 9 || { say 'somebody else is deploying' && exit 75; }
  local old
  old=$(readlink -e "$base/last-good" || true)
  make_ready
  if [ ! -e "$project/nightshift.config.ts" ]; then
    nightshift_of "$new" init "$project" --yes --channel ntfy
    say "now write $project/nightshift.config.ts and /etc/nightshift/nightshift.env, then run this again"
    return
  fi
  if [ -n "$old" ] && ! nightshift backup; then
    [ "$new" = "$old" ] || rm -rf "$new"
    say 'no backup could be made; nothing that runs was touched'
    exit 1
  fi
  if start "$new"; then
    point "$base/last-good" "$new"
    prune
    say "$release runs"
    return
  fi
  if [ -z "$old" ] || [ "$old" = "$new" ]; then
    say "$release does not run, and there is no release before it"
    exit 1
  fi
  say "$release does not run; putting $(basename "$old") back"
  start "$old" && say "$(basename "$old") runs again"
  exit 1
}

# Read whole before the first step, and printing to nobody is no error: a connection that breaks
# must not leave half of it undone.
main </dev/null 2>&1 | tee --output-error=warn /var/log/nightshift-deploy.log
REMOTE
