#!/usr/bin/env bash
# What a fresh Debian 12 or newer, or Ubuntu 24.04, lacks; run as root, and again it changes nothing.
# Node of the distribution starts the installer; the program then runs on its own Node, which needs
# libatomic. bubblewrap is the second wall around agents.
set -euo pipefail

# Not the distribution's: that one brings four hundred packages and takes minutes to unpack.
npm_version=10.9.9
npm_sha512=d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862

main() {
  local need=()
  command -v node >/dev/null || need+=(nodejs)
  command -v npx >/dev/null || command -v curl >/dev/null || need+=(curl ca-certificates)
  [ -e /usr/bin/bwrap ] || need+=(bubblewrap)
  ldconfig -p | grep -q 'libatomic\.so\.1' || need+=(libatomic1)
  if [ ${#need[@]} -gt 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
  fi
  command -v npx >/dev/null || install_npm
}

# Where a global install of npm by itself would put it.
install_npm() {
  local file=npm-$npm_version.tgz dir=/usr/local/lib/node_modules/npm
  local draft=$dir.new
  rm -rf "$draft" && mkdir -p "$draft"
  curl -fsSL --retry 3 -o "$draft/$file" "$(registry)/npm/-/$file"
  echo "$npm_sha512  $draft/$file" | sha512sum --check --quiet
  tar -xz --strip-components=1 -C "$draft" -f "$draft/$file"
  rm -rf "$dir" "$draft/$file" && mv "$draft" "$dir"
  chmod 755 "$dir"/bin/np?-cli.js
  ln -sf "$dir/bin/npm-cli.js" /usr/local/bin/npm
  ln -sf "$dir/bin/npx-cli.js" /usr/local/bin/npx
}

registry() {
  local named=${npm_config_registry:-}
  [ -n "$named" ] || named=$(sed -n 's/^registry *= *//p' ~/.npmrc 2>/dev/null || true)
  named=${named:-https://registry.npmjs.org}
  echo "${named%/}"
}

main
