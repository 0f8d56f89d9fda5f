import { EXIT } from '@nightshift/domain';
import { onStopSignals } from '@nightshift/lifecycle';
import { type FirstLook, openFirstLook } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import type { Printer } from '../printer.ts';
import { showDigest } from './digest.ts';
import { showPlaces } from './places.ts';
import { showRunaway } from './runaway.ts';

/**
 * The first thing a person sees: three services on a throw-away state folder, one digest of real
 * history, one runaway agent against its cap, and where everything lies. Leaves no process behind,
 * whatever happens.
 */
export async function firstLook(
  cli: Cli,
  request: { readonly path: string; readonly cwd: string },
): Promise<void> {
  const { printer } = cli;
  const look = await openFirstLook(request);
  const interrupted = Promise.withResolvers<'interrupted'>();
  const stop = (): void => interrupted.resolve('interrupted');
  // A closed terminal is the same as Ctrl-C.
  process.once('SIGHUP', stop);
  const ignore = onStopSignals({
    stop,
    exitNow: () => look.supervisor.kill(),
  });
  try {
    showServices(printer, look);
    const shown = await Promise.race([interrupted.promise, show(cli, look)]);
    if (shown === 'interrupted') cli.exitCode = EXIT.failed;
  } finally {
    printer.live(null);
    await look.close();
    ignore();
    process.off('SIGHUP', stop);
  }
}

async function show(cli: Cli, look: FirstLook): Promise<'shown'> {
  const digest = await showDigest(cli.printer, look);
  const runaway = await showRunaway(cli.printer, look);
  const places = await showPlaces(cli.printer, look, digest);
  if (digest.state !== 'done') cli.exitCode = EXIT.failed;
  if (cli.printer.json) cli.printer.document({ digest, runaway, places });
  return 'shown';
}

function showServices(printer: Printer, look: FirstLook): void {
  const { paint } = printer;
  const pids = [...look.supervisor.pids].map(([name, pid]) => `${name} ${paint('dim', `${pid}`)}`);
  printer.line();
  printer.line(
    `  ${paint('strong', 'Nightshift')}  ${paint('dim', 'no key, no network, a throw-away state')}`,
  );
  printer.line(`  ${paint('good', '●')} ${pids.join('  ')}`);
  printer.line();
}
