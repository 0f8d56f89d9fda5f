import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Kept between runs, outside of the checkout: building it takes a minute and a half. */
const CACHE = '/var/tmp/nightshift-vps-cache';
/** Changes with what is in it. */
const ROOT = join(CACHE, 'bookworm-3');
const USED = ['systemd', 'systemd-sysv', 'dbus', 'libatomic1', 'bubblewrap', 'procps', 'cron'];
/** What the image of any provider has. */
const USUAL = ['openssh-server', 'ca-certificates'];
const TOOLS = {
  '/usr/bin/systemd-nspawn': 'systemd-container',
  '/usr/sbin/debootstrap': 'debootstrap',
} as const;

/** A bare Debian, or why there is none. */
export function prepareRoot(): { readonly root: string } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: 'it boots a Linux machine' };
  if (process.getuid?.() !== 0) return { missing: 'it needs root to boot a machine' };
  const lacking = Object.entries(TOOLS).flatMap(([file, it]) => (existsSync(file) ? [] : [it]));
  if (lacking.length > 0 && !aptInstall(lacking)) {
    return { missing: `${lacking.join(' and ')} cannot be installed here` };
  }
  if (existsSync(ROOT)) return { root: ROOT };
  return build() ? { root: ROOT } : { missing: 'no Debian could be downloaded' };
}

function aptInstall(packages: readonly string[]): boolean {
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', args, { stdio: 'ignore' }).status === 0;
  return apt('update') && apt('install', '-y', '--no-install-recommends', ...packages);
}

/** Built beside its place and then renamed, so that an interrupted run leaves no half of one. */
function build(): boolean {
  const draft = `${ROOT}.${process.pid}`;
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const include = `--include=${[...USED, ...USUAL].join(',')}`;
  const args = ['--variant=minbase', include, 'bookworm', draft, ...mirror()];
  const { status } = spawnSync('/usr/sbin/debootstrap', args, { stdio: 'ignore' });
  if (status === 0) renameSync(draft, ROOT);
  else rmSync(draft, { recursive: true, force: true });
  return status === 0;
}

/** Where this machine gets its own packages; nothing means where debootstrap looks by itself. */
function mirror(): string[] {
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)'], {
    encoding: 'utf8',
  });
  const [first] = (stdout ?? '').split('\n');
  return first === undefined || first === '' ? [] : [first];
}
