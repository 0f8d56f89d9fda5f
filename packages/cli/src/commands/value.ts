import type { Command } from 'commander';
import { readValue } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { printValue, trendDocument } from '../print/value-text.ts';

const DAYS_DEFAULT = 30;

export function define(command: Command, cli: Cli): void {
  command
    .option('--days <n>', 'how far back', count, DAYS_DEFAULT)
    .addHelpText('after', examples(['value', 'value --days 7 --json']))
    .action(async ({ days }: { days: number }) => {
      const trend = await readValue(await cli.installation(command), { days });
      cli.answer({ days, value: trendDocument(trend) }, (printer) => {
        printValue(printer, trend, days);
      });
    });
}
