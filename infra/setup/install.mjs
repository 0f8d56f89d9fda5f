import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { explain } from './failure.mjs';
import { fingerprint, installerOf } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { lockFile, modules, nodeBinary, root, stampFile } from './places.mjs';

/**
 * Installs unless the last complete installation was made from the same inputs.
 *
 * @throws SetupError when it cannot; the installer's own output has been printed then.
 */
export async function ensureInstalled() {
  if (isCurrent()) return;
  mkdirSync(modules, { recursive: true });
  await withLock(lockFile, async () => {
    // Somebody else may have done it while this process waited.
    if (!isCurrent()) await install();
  });
}

function isCurrent() {
  if (!existsSync(nodeBinary) || !existsSync(stampFile)) return false;
  return readFileSync(stampFile, 'utf8') === fingerprint(root);
}

async function install() {
  process.stderr.write('Installing (once, about 20 s) ...\n');
  // Taken before: a file that changes meanwhile makes the next run install again.
  const stamp = fingerprint(root);
  await run('npx', ['-y', '--prefer-offline', installerOf(root), 'install', '--frozen-lockfile']);
  await run(nodeBinary, ['--version']);
  writeFileSync(stampFile, stamp);
}

/** Runs a program in the repository; its output appears only when it fails. */
function run(command, args) {
  // CI=true: never ask, and replace a node_modules that another package manager made.
  const options = { cwd: root, env: { ...process.env, CI: 'true' }, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      const output = `${stdout}${stderr}`;
      process.stderr.write(output);
      reject(explain(`${error.message}\n${output}`));
    });
    child.stdin?.end();
  });
}
