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
