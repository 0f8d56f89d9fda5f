import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { explain } from './failure.mjs';
import { fingerprint, installerOf } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { lockFile, modules, nodeBinary, root, stampFile } from './places.mjs';

const PRODUCTION = ' without what only tests need';

/**
 * Installs unless the last complete installation was made from the same inputs. For `production`
 * without what only tests and checks need, which is most of it.
 *
 * @throws SetupError when it cannot; the installer's own output has been printed then.
 */
export async function ensureInstalled({ production = false } = {}) {
  if (isCurrent(production)) return;
  mkdirSync(modules, { recursive: true });
  await withLock(lockFile, async () => {
    // Somebody else may have done it while this process waited.
    if (!isCurrent(production)) await install(production);
  });
}

function isCurrent(production) {
  if (!existsSync(nodeBinary) || !existsSync(stampFile)) return false;
  const made = readFileSync(stampFile, 'utf8');
  const wanted = fingerprint(root);
  return made === wanted || (production && made === wanted + PRODUCTION);
}

async function install(production) {
  process.stderr.write('Installing (once, about 20 s) ...\n');
  // Taken before: a file that changes meanwhile makes the next run install again.
  const stamp = fingerprint(root) + (production ? PRODUCTION : '');
  // A machine with 512 MB has to hold it: one download at once, and no second look at the lock
  // file's age, for which the history of every package would have to be read.
  const less = production ? ['--prod', '--trust-lockfile', '--network-concurrency=1'] : [];
  const words = ['install', '--frozen-lockfile', ...less];
  await run('npx', ['-y', '--prefer-offline', installerOf(root), ...words]);
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
