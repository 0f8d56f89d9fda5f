import type { Launcher } from '../launcher.ts';

/** Node's permission model alone: a seat belt for code that means well, not a jail. */
export const directLauncher: Launcher = {
  name: 'direct',
  command: ({ file, args }) => ({ file, args }),
};
