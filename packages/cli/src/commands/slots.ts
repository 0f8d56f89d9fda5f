import type { Command } from 'commander';
import { listSlots } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['slots list --agent digest']));
  const list = command
    .command('list', { isDefault: true })
    .description('every due slot: enqueued, or skipped with a reason')
    .option('--agent <name>', 'only slots of this agent')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['slots list', 'slots list --agent digest --limit 10 --json']))
    .action(async (options: { agent?: string; limit: number }) => {
      const installation = await cli.installation(list);
      const slots = await listSlots(installation, options);
      cli.answer({ slots }, (printer) => {
        if (slots.length === 0 && printer.person) {
          printer.line('no slot was due yet');
          return;
        }
        printer.table(
          [
            { title: 'agent' },
            { title: 'scheduled for' },
            { title: 'status' },
            { title: 'slots', align: 'right' },
            { title: 'job' },
            { title: 'reason', flexible: true },
          ],
          slots.map((it) => [
            it.agent,
            new Date(it.scheduledFor).toISOString(),
            { text: it.status, tone: it.status === 'skipped' ? 'warn' : 'good' },
            it.count,
            it.job,
            it.reason,
          ]),
        );
      });
    });
}
