import type { Command } from 'commander';
import { EXIT } from '@nightshift/domain';
import { readStatus, statusProblems } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { printStatus, statusDocument } from '../print/status-page.ts';

export function define(command: Command, cli: Cli): void {
  command
    .option('--check', 'exit 1 when a person should look, and say why')
    .addHelpText('after', examples(['status', 'status --json | jq .spend', 'status --check']))
    .action(async (options: { check?: true }) => {
      const installation = await cli.installation(command);
      const status = await readStatus(installation);
      cli.answer(statusDocument(status), (printer) => {
        printStatus(printer, status, installation.clock.now());
      });
      if (options.check !== true) return;
      const problems = statusProblems(status);
      for (const problem of problems) cli.printer.note(problem);
      if (problems.length > 0) cli.exitCode = EXIT.failed;
    });
}
