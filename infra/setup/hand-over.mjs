import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { modules } from './places.mjs';

/**
 * Runs `command` in place of this process, as far as Node 18 can: same terminal, same signals,
 * same end. Resolves when it ended by itself; dies of the signal it died of otherwise.
 */
export async function handOver(command, args) {
  const PATH = [join(modules, '.bin'), process.env.PATH].join(delimiter);
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, PATH } });
  const forward = (signal) => passOn(child, signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, forward);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...end) => resolve(end));
  });
  for (const name of signals) process.removeListener(name, forward);
  if (signal !== null) process.kill(process.pid, signal);
  process.exitCode = code ?? 1;
}

/**
 * A terminal sends Ctrl-C and its hang-up to every process in the foreground, the child included;
 * passing it on would make it the second signal, which means "at once, without ceremony".
 */
function passOn(child, signal) {
  const fromTerminal = signal !== 'SIGTERM' && process.stdin.isTTY;
  if (!fromTerminal) child.kill(signal);
}
