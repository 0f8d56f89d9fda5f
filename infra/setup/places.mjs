import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const modules = join(root, 'node_modules');
/** The Node that everything but this folder runs on. */
export const nodeBinary = join(modules, '.bin/node');
/** Says for which inputs the last complete installation was made. */
export const stampFile = join(modules, '.setup-stamp');
export const lockFile = join(modules, '.setup-lock');
