import { EXIT, sanitiseLine } from '@nightshift/domain';
import { onStopSignals } from '@nightshift/lifecycle';
import { type Installation, type ServiceEnd, type Supervised, up } from '@nightshift/operate';
import type { Cli } from './cli.ts';
import { span } from './print/time.ts';

/**
 * Runs the three services until a signal, and says what happens to them. The first signal drains,
 * the second kills. Exit 78 when every service gave up.
 */
export async function stayUp(cli: Cli, installation: Installation): Promise<void> {
  const { printer } = cli;
  const { paint } = printer;
  const say = (service: Supervised, text: string): void =>
    printer.line(`${paint('strong', service.padEnd(9))} ${text}`);
  const supervisor = await up(installation, {
    cwd: process.cwd(),
    events: {
      started: (service, pid) => say(service, `${paint('good', 'started')}  pid ${pid}`),
      ended: (service, end, restartInMs) => say(service, endText(end, restartInMs)),
      said: (service, line) => say(service, sanitiseLine(line, 2_000)),
    },
  });
  printer.line(paint('dim', `state in ${installation.paths.dir}; Ctrl-C stops all three`));
  const stop = (): void => {
    printer.line(paint('dim', 'stopping; once more to kill'));
    void supervisor.stop();
  };
  // A closed terminal: there is nobody left to ask, so it is the same as Ctrl-C.
  process.once('SIGHUP', stop);
  const ignore = onStopSignals({
    stop,
    exitNow: () => supervisor.kill(),
  });
  try {
    if ((await supervisor.over) === 'gave-up') cli.exitCode = EXIT.config;
  } finally {
    ignore();
    process.off('SIGHUP', stop);
    await supervisor.stop();
  }
}

function endText(end: ServiceEnd, restartInMs: number | null): string {
  const how =
    end.signal === null ? `ended with ${end.code ?? 'an error'}` : `died of ${end.signal}`;
  if (restartInMs !== null)
    return `${how} after ${span(end.livedMs)}; starts again in ${span(restartInMs)}`;
  return end.code === EXIT.config
    ? `${how}: its configuration must change, then start it again`
    : how;
}
