import { join, resolve } from 'node:path';

/** Absolute path of the repository, whatever the working folder is. */
export const repoRoot = resolve(import.meta.dirname, '../../..');

/** The Node this repository installs; services are started with it, as in production. */
export const nodeBinary = join(repoRoot, 'node_modules/.bin/node');
