import type { Command } from 'commander';
import { EXIT } from '@nightshift/domain';
import { readNights } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { nightsDocument, printNights } from '../print/nights-text.ts';

const DAYS_DEFAULT = 7;

export function define(command: Command, cli: Cli): void {
  command
    .option('--days <n>', 'how many whole days, up to yesterday', count, DAYS_DEFAULT)
    .addHelpText('after', examples(['nights', 'nights --days 1 --json']))
    .action(async ({ days }: { days: number }) => {
      const nights = await readNights(await cli.installation(command), { days });
      if (!nights.ok) cli.exitCode = EXIT.failed;
      cli.answer(nightsDocument(nights), (printer) => printNights(printer, nights, days));
    });
}
