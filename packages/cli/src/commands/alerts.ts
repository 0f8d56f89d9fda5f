import type { Command } from 'commander';
import { listAlerts } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import { when } from '../print/time.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['alerts list', 'alerts list --all --limit 20']));
  const list = command
    .command('list', { isDefault: true })
    .description('open incidents; with --all those that are over too')
    .option('--all', 'also what is over')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['alerts list', 'alerts list --all --json']))
    .action(async (options: { all?: true; limit: number }) => {
      const installation = await cli.installation(list);
      const request = { all: options.all === true, limit: options.limit };
      const alerts = await listAlerts(installation, request);
      cli.answer({ alerts }, (printer) => {
        if (alerts.length === 0 && printer.person) {
          printer.line('no alerts');
          return;
        }
        const now = installation.clock.now();
        printer.table(
          [
            { title: 'since' },
            { title: 'severity' },
            { title: 'state' },
            { title: 'rule' },
            { title: 'what', flexible: true },
          ],
          alerts.map((it) => [
            when(it.openedAt ?? it.firstSeenAt, now, printer.person),
            { text: it.severity, tone: it.severity === 'page' ? 'bad' : 'warn' },
            it.state,
            it.rule,
            it.title,
          ]),
        );
      });
    });
}
