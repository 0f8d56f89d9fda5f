import { CAPS_SUPERSEDED } from '@nightshift/lifecycle';
import type { Examination } from '../doctor.ts';

/** The file system a state folder lies on. */
export interface FileSystem {
  readonly type: string;
  readonly mountPoint: string;
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
}

/** What is gone after a restart, or with the container. */
const FLEETING: Readonly<Record<string, string>> = {
  tmpfs: 'in memory: a restart forgets what was spent',
  ramfs: 'in memory: a restart forgets what was spent',
  overlay: "a container's own layer: the next container forgets what was spent",
};
/** SQLite's locks cannot be relied on there (sqlite.org/lockingv3, sqlite.org/wal). */
const NETWORKED = /^(?:nfs\d?|cifs|smb\w*|sshfs|fuse\.sshfs|9p|afs|ceph|glusterfs|webdav|davfs)$/;

const ENOUGH_BYTES = 500 * 1024 * 1024;
const ENOUGH_INODES = 10_000;

const good = (name: string, found: string, advice: string | null = null): Examination => ({
  name,
  ok: true,
  found,
  fix: advice,
});
const bad = (name: string, found: string, fix: string): Examination => ({
  name,
  ok: false,
  found,
  fix,
});

export function fileSystemVerdict({ type, mountPoint }: FileSystem): Examination {
  const where = `${type} at ${mountPoint}`;
  const fleeting = FLEETING[type];
  if (fleeting !== undefined) {
    return bad(
      'files',
      `${where}, ${fleeting}`,
      'put the state on a disk: --state-dir, or a volume',
    );
  }
  if (NETWORKED.test(type)) {
    const why = 'its locks cannot be relied on, and two machines could share one budget';
    return bad(
      'files',
      `${where}, over a network: ${why}`,
      'put the state on a disk of this machine',
    );
  }
  return good('files', where);
}

export function roomVerdict({ freeBytes, freeInodes, totalInodes }: FileSystem): Examination {
  const free = `${Math.floor(freeBytes / 1024 / 1024)} MB`;
  if (freeBytes < ENOUGH_BYTES) {
    return bad(
      'disk',
      `${free} are free`,
      'make room: a full disk stops every job (df -h, du -sh *)',
    );
  }
  // Some file systems count no inodes.
  if (totalInodes > 0 && freeInodes < ENOUGH_INODES) {
    return bad(
      'disk',
      `${free} but only ${freeInodes} files are free`,
      'delete small files (df -i)',
    );
  }
  return good('disk', `${free} are free`);
}

/** Whose state it is, and who else may read it. */
export function ownerVerdict(seen: {
  readonly uid: number;
  readonly mode: number;
  readonly me: number;
}): Examination {
  const mode = (seen.mode & 0o777).toString(8).padStart(4, '0');
  if ((seen.mode & 0o077) !== 0) {
    return bad(
      'rights',
      `others may look in (${mode})`,
      'chmod 700 the state folder: it holds prompts',
    );
  }
  if (seen.me === seen.uid) return good('rights', `yours alone (${mode})`);
  const fix = 'run commands as its owner: sudo -u USER, or the nightshift that install put on PATH';
  if (seen.me === 0) {
    return bad('rights', `it belongs to user ${seen.uid}, and you are root`, fix);
  }
  return bad('rights', `it belongs to user ${seen.uid}, and you are ${seen.me}`, fix);
}

/** Two of its writers can lose a commit in the log: mended in 3.51.3, and in two older lines. */
const SOUND_SQLITE = [
  [3, 44, 6],
  [3, 50, 7],
  [3, 51, 3],
] as const;

/** sqlite.org/releaselog/3_51_3: the reset of a write-ahead log, and who checks it. */
export function sqliteVerdict(version: string): Examination {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const line = SOUND_SQLITE.find(([a, b]) => a === major && b === minor);
  const newest = SOUND_SQLITE.at(-1)!;
  const newer = major > newest[0] || (major === newest[0] && minor > newest[1]);
  if (newer || (line !== undefined && patch >= line[2])) return good('sqlite', version);
  const found = `${version}, in which two writers can damage a database`;
  return bad(
    'sqlite',
    found,
    'node infra/setup/run.mjs install puts the one in place that is meant',
  );
}

/** `minutes` until this machine sleeps by itself; 0 is never, null is not known. */
export function sleepVerdict(platform: string, minutes: number | null): Examination {
  if (platform !== 'darwin') return good('awake', 'a machine that sleeps runs nothing');
  if (minutes === 0) return good('awake', 'this Mac does not sleep by itself');
  const found = minutes === null ? 'pmset says nothing' : `this Mac sleeps after ${minutes} min`;
  const fix =
    'a Mac that sleeps runs nothing: sudo pmset -c sleep 0 (on power), or caffeinate -s for one ' +
    'evening; a closed lid sleeps all the same';
  return minutes === null ? good('awake', found, fix) : bad('awake', found, fix);
}

/** Whether what looks at this state folder is what was installed on it. */
export function installedVerdict(seen: {
  readonly stateDir: string;
  readonly config: string | null;
  readonly registered: { readonly stateDir: string; readonly config: string } | null;
}): Examination {
  const { stateDir, config, registered } = seen;
  if (registered === null) return good('install', 'nothing was installed on this machine');
  if (registered.stateDir !== stateDir) {
    const found = `another installation is on this machine: ${registered.stateDir}`;
    const advice = 'two installations have two budgets; nightshift on PATH is the installed one';
    return good('install', found, advice);
  }
  if (config === registered.config) return good('install', `this one: ${registered.config}`);
  const found = `this state belongs to ${registered.config}, and this is ${config ?? 'built in'}`;
  const fix = 'two configurations on one state fight over its caps: give this one a --state-dir';
  return bad('install', found, fix);
}

export function clockVerdict(synchronised: boolean | null): Examination {
  if (synchronised === null) return good('clock', 'nobody here says whether it is synchronised');
  if (synchronised) return good('clock', 'synchronised');
  const fix =
    'timedatectl set-ntp true, or apt-get install systemd-timesyncd; budgets are by the day';
  return bad('clock', 'not synchronised', fix);
}

export function zoneVerdict(configured: string, machine: string): Examination {
  if (configured === machine) return good('zone', configured);
  const advice = `logs and cron say ${machine}; schedules and days are ${configured}`;
  return good('zone', `${configured}, and this machine is in ${machine}`, advice);
}

/** Whose caps hold: the version of this configuration, and of the one that set them. */
export function capsVerdict(version: number, ofCaps: number): Examination {
  if (ofCaps <= version) return good('caps', 'those of this configuration');
  const fix = 'save it again, then restart the services: the newest configuration owns the caps';
  return bad('caps', CAPS_SUPERSEDED, fix);
}

/** How old the bundled prices are, where a model is paid by them. */
export function pricesVerdict(table: {
  readonly days: number;
  readonly old: boolean;
}): Examination {
  const age = `the table is ${table.days} days old`;
  if (!table.old) return good('prices', age);
  const advice = 'prices may have changed: update nightshift, or write price beside the model';
  return good('prices', age, advice);
}

/** `works` is null where the program is missing. */
export function bubblewrapVerdict(platform: string, works: boolean | null): Examination {
  if (platform !== 'linux')
    return good('walls', "Node's permission model alone: no bubblewrap here");
  if (works === true) return good('walls', "bubblewrap around Node's permission model");
  if (works === null) {
    const advice = 'apt-get install bubblewrap, then install again: a second wall around agents';
    return good('walls', "Node's permission model alone", advice);
  }
  const advice =
    'bubblewrap may make no namespaces: sysctl kernel.unprivileged_userns_clone=1, or on Ubuntu ' +
    'kernel.apparmor_restrict_unprivileged_userns=0; in a container its own settings forbid it';
  return good('walls', "Node's permission model alone: bubblewrap is there and blocked", advice);
}

/** Lives of one service that are alive at the same time, by service. */
export function doublesVerdict(alive: Readonly<Record<string, readonly number[]>>): Examination {
  const doubled = Object.entries(alive).filter(([, pids]) => pids.length > 1);
  if (doubled.length === 0) return good('alone', 'one of each service at most');
  const what = doubled.map(([name, pids]) => `${name}: pids ${pids.join(', ')}`).join('; ');
  const fix = 'two installations share this state; stop one (nightshift up beside systemd?)';
  return bad('alone', what, fix);
}

/** `units` by name and state, as the supervisor says; null where there is none. */
export function unitsVerdict(units: Readonly<Record<string, string>> | null): Examination {
  if (units === null) return good('units', 'not installed: nightshift up runs it in a terminal');
  const ill = Object.entries(units).filter(([, state]) => state !== 'active');
  if (ill.length === 0) return good('units', `${Object.keys(units).length} are active`);
  const what = ill.map(([name, state]) => `${name} is ${state}`).join(', ');
  return bad(
    'units',
    what,
    `journalctl -u ${ill[0]?.[0] ?? ''} -n 30 says why; 78 is a configuration`,
  );
}
