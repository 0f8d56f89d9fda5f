/**
 * `npm start` and `npm test`: installs what is missing, then hands over to the Node that was
 * installed; `install` stops before that, and `install --production` leaves out what only tests
 * need. Plain JavaScript without dependencies, because it runs first, on whatever Node (18 or
 * later) the machine has.
 *
 * Exit codes are those of the command that was started; a set-up that fails exits 75 when trying
 * again can help, 78 when something on this machine must change first, 1 otherwise.
 */
import { join } from 'node:path';
import { SetupError, printError } from './failure.mjs';
import { handOver } from './hand-over.mjs';
import { ensureInstalled } from './install.mjs';
import { nodeBinary, root } from './places.mjs';

const COMMANDS = {
  start: ['packages/cli/src/main.ts', 'start'],
  test: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', '--project', 'processes'],
};

async function main([name, ...rest]) {
  const command = COMMANDS[name];
  if (command === undefined && name !== 'install') {
    throw new SetupError(`there is no command "${name ?? ''}"`, 'npm start, or npm test', 64);
  }
  await ensureInstalled({ production: name === 'install' && rest.includes('--production') });
  if (command === undefined) return;
  const [entry, ...args] = command;
  await handOver(nodeBinary, [join(root, entry), ...args, ...rest]);
}

main(process.argv.slice(2)).catch((error) => {
  process.exitCode = printError(error);
});
