import type { Command } from 'commander';
import { EXIT, sanitiseLine } from '@nightshift/domain';
import { examine } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command
    .option('--send', 'send a test message through every channel')
    .addHelpText('after', examples(['doctor', 'doctor --send', 'doctor --json']))
    .action(async ({ send }: { send?: true }) => {
      const { config, stateDir } = command.optsWithGlobals<{
        config?: string;
        stateDir?: string;
      }>();
      const checks = await examine({ config, stateDir, cwd: process.cwd(), send: send === true });
      const ok = checks.every((it) => it.ok);
      if (!ok) cli.exitCode = EXIT.failed;
      cli.answer({ ok, checks }, (printer) => {
        for (const it of checks) {
          const mark = it.ok ? printer.paint('good', 'ok  ') : printer.paint('bad', 'fail');
          printer.line(`${mark}  ${it.name.padEnd(9)} ${sanitiseLine(it.found, 500)}`);
          if (it.fix !== null) printer.line(`                ${sanitiseLine(it.fix, 500)}`);
        }
      });
    });
}
