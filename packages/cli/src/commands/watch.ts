import type { Command } from 'commander';
import { EXIT, NightshiftError, sanitise, type ExitCode } from '@nightshift/domain';
import { watchOnce } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command
    .option('--once', 'one pass, then exit: the only way; a resident watchdog is part of `up`')
    .addHelpText('after', examples(['watch --once', 'watch --once --json']))
    .action(async (options: { once?: true }) => {
      if (options.once !== true) throw resident();
      const installation = await cli.installation(command, { create: true });
      const stop = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        process.once(signal, () => stop.abort());
      }
      const code = await watchOnce(installation, {
        cwd: process.cwd(),
        signal: stop.signal,
        onSaid: (text) => cli.printer.note(sanitise(text.trimEnd(), 20_000)),
      });
      cli.exitCode = known(code);
      cli.answer({ exitCode: cli.exitCode }, (printer) => {
        printer.line(code === EXIT.ok ? 'looked' : `the watchdog ended with ${code}`);
      });
    });
}

function known(code: number): ExitCode {
  return code === EXIT.ok || code === EXIT.tryAgain || code === EXIT.config ? code : EXIT.failed;
}

function resident(): NightshiftError {
  return new NightshiftError('usage', 'say --once: this command looks once and ends', {
    fix: 'nightshift watch --once; nightshift up keeps a watchdog running',
    exitCode: EXIT.usage,
  });
}
