import type { Command } from 'commander';
import { acceptClock } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['clock accept']));
  const accept = command
    .command('accept')
    .description('take the clock of this machine for the truth, after it was set')
    .addHelpText('after', examples(['clock accept']))
    .action(async () => {
      const { beforeAt, nowAt } = await acceptClock(await cli.installation(accept));
      const before = new Date(beforeAt).toISOString();
      const now = new Date(nowAt).toISOString();
      cli.answer({ before, now }, (printer) => {
        const reached = beforeAt === 0 ? 'nothing was booked before' : `it had reached ${before}`;
        printer.line(`the ledger takes it to be ${now}; ${reached}`);
      });
    });
}
