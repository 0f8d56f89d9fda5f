import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from '@nightshift/domain';
import { serviceFlags, type ServiceContext } from '@nightshift/lifecycle';
import type { Store } from '@nightshift/store';

const COMMAND = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url));

/**
 * Runs `nightshift drill all` for this installation. A scheduler that ends takes it along; what it
 * had changed by then is undone by the watchdog.
 * @returns its exit code; 1 when a signal ended it
 */
export function runDrills(
  { settings, paths, environment, stopping }: ServiceContext<Store>,
  sinceAt: number,
): Promise<number> {
  const config = settings.file === null ? [] : ['--config', settings.file];
  const since = new Date(sinceAt).toISOString();
  const words = [...config, '--state-dir', paths.dir, 'drill', 'all', '--since', since];
  const child = spawn(process.execPath, [...serviceFlags('scheduler'), COMMAND, ...words], {
    cwd: settings.dir,
    stdio: 'ignore',
    env: environment.all,
    signal: stopping,
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => (stopping.aborted ? resolve(EXIT.failed) : reject(error)));
    child.once('exit', (code) => resolve(code ?? EXIT.failed));
  });
}
