#!/usr/bin/env bash
# What a fresh Debian 12 or newer, or Ubuntu 24.04, lacks; run as root, and again it changes nothing.
# Node and npm of the distribution start the installer; the program then runs on its own Node, which
# needs libatomic. bubblewrap is the second wall around agents.
set -euo pipefail

main() {
  local need=()
  command -v node >/dev/null || need+=(nodejs)
  command -v npx >/dev/null || need+=(npm ca-certificates)
  [ -e /usr/bin/bwrap ] || need+=(bubblewrap)
  ldconfig -p | grep -q 'libatomic\.so\.1' || need+=(libatomic1)
  [ ${#need[@]} -gt 0 ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # npm brings hundreds of packages: most of the minutes that this takes.
  apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
}

main
