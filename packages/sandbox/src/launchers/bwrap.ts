import type { Launcher, LaunchSpec } from '../launcher.ts';

/** Where distributions put it; the path is fixed so that no PATH decides what guards a child. */
export const BWRAP_FILES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap'] as const;

/** What the dynamic linker needs for Node's binary. */
const LIBRARIES = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib'] as const;
const LINKER_CACHE = '/etc/ld.so.cache';

/**
 * Bubblewrap around the same child: its own user, pid, network, mount, IPC and UTS namespace. Only
 * what was granted is there at all, so what Node's permission model would let through finds no
 * network device, no other process and no other file. It ends with its parent
 * (`--die-with-parent`), and stays in the child's process group, so a kill of the group is a kill
 * of everything in it. Options: bwrap(1), version 0.8 and later.
 */
export function bwrapLauncher(file: string = BWRAP_FILES[0]): Launcher {
  return {
    name: 'bwrap',
    command: (spec) => ({ file, args: [...walls(spec), '--', spec.file, ...spec.args] }),
  };
}

function walls(spec: LaunchSpec): string[] {
  const system = [...LIBRARIES, LINKER_CACHE, spec.file];
  const base =
    '--unshare-all --die-with-parent --cap-drop ALL --proc /proc --dev /dev --tmpfs /tmp';
  // The working folder may be outside of every grant: it exists there, and is empty.
  const place = ['--dir', spec.cwd, '--chdir', spec.cwd, '--remount-ro', '/'];
  return base
    .split(' ')
    .concat([...system, ...readable(spec.read)].flatMap((path) => ['--ro-bind-try', path, path]))
    .concat('--bind', spec.scratch, spec.scratch, place);
}

/** Outer folders first: a later bind below them would otherwise be covered. */
function readable(paths: readonly string[]): string[] {
  const plain = paths.map((path) => path.replace(/\/\*$/, ''));
  return [...new Set(plain)].toSorted();
}
