import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The exact installer this repository names, as `pnpm@1.2.3`. */
export function installerOf(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('+')[0];
}

/** Changes whenever an installation made before may no longer fit. */
export function fingerprint(root) {
  const hash = createHash('sha256');
  hash.update(`${installerOf(root)} ${process.platform} ${process.arch}`);
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests(root)]) {
    hash.update(`\0${file}\0`);
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}

/** Every package.json of the workspace, the root's first, in a fixed order. */
export function manifests(root) {
  const folders = workspaceGlobs(root).flatMap((glob) =>
    glob.endsWith('/*') ? subfolders(root, dirname(glob)) : [glob],
  );
  const files = folders.map((folder) => `${folder}/package.json`).sort();
  return ['package.json', ...files.filter((file) => existsSync(join(root, file)))];
}

function subfolders(root, parent) {
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
}

/** The `packages:` list of pnpm-workspace.yaml: plain folders, or all folders of one (`a/*`). */
function workspaceGlobs(root) {
  const yaml = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const list = /^packages:\n((?: +- .*\n)+)/m.exec(yaml)?.[1] ?? '';
  return list.split('\n').flatMap((line) => /- ["']?([^"'#]+?)["']?\s*$/.exec(line)?.[1] ?? []);
}
