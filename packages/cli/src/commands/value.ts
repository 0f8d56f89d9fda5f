import type { Command } from 'commander';
import { valueSince } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { dollars } from '../print/dollars.ts';
import { valueDocument } from '../print/value-text.ts';

const DAY_MS = 24 * 3_600_000;
const DAYS_DEFAULT = 30;

export function define(command: Command, cli: Cli): void {
  command
    .option('--days <n>', 'how far back', count, DAYS_DEFAULT)
    .addHelpText('after', examples(['value', 'value --days 7 --json']))
    .action(async ({ days }: { days: number }) => {
      const installation = await cli.installation(command);
      const value = await valueSince(installation, installation.clock.now() - days * DAY_MS);
      cli.answer({ days, value: valueDocument(value) }, (printer) => {
        if (value.agents.length === 0 && printer.person) {
          printer.line(`no job delivered a report in ${days} days`);
          return;
        }
        const total = { ...value, agent: 'all', valued: true };
        printer.table(
          [
            { title: 'agent' },
            { title: 'reports', align: 'right' },
            { title: 'saved', align: 'right' },
            { title: 'spent', align: 'right' },
            { title: 'net', align: 'right' },
          ],
          [...value.agents, total].map((it) => [
            { text: it.agent, tone: it === total ? 'strong' : 'plain' },
            it.reports,
            it.valued ? dollars(it.savedNusd) : { text: 'not configured', tone: 'dim' },
            dollars(it.spentNusd),
            { text: dollars(it.netNusd), tone: it.netNusd < 0 ? 'bad' : 'good' },
          ]),
        );
      });
    });
}
