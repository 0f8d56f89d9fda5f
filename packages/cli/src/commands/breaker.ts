import type { Command } from 'commander';
import { listBreakers, resetBreaker } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { when } from '../print/time.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples(['breaker list', 'breaker reset anthropic']));
  const list = command
    .command('list', { isDefault: true })
    .description('the breaker of every endpoint that was called')
    .addHelpText('after', examples(['breaker list', 'breaker list --json']))
    .action(async () => {
      const installation = await cli.installation(list);
      const breakers = await listBreakers(installation);
      cli.answer({ breakers }, (printer) => {
        if (breakers.length === 0 && printer.person) {
          printer.line('no endpoint was called yet');
          return;
        }
        const now = installation.clock.now();
        printer.table(
          [
            { title: 'endpoint' },
            { title: 'state' },
            { title: 'failures', align: 'right' },
            { title: 'next probe' },
            { title: 'reason', flexible: true },
          ],
          breakers.map((it) => [
            it.name,
            { text: it.state, tone: it.state === 'closed' ? 'good' : 'bad' },
            it.failures,
            when(it.nextProbeAt, now, printer.person),
            it.reason,
          ]),
        );
      });
    });
  const reset = command
    .command('reset')
    .description('close a breaker by hand')
    .argument('<endpoint>')
    .addHelpText('after', examples(['breaker reset anthropic']))
    .action(async (name: string) => {
      await resetBreaker(await cli.installation(reset), name);
      cli.answer({ breaker: name, state: 'closed' }, (printer) => {
        printer.line(`${name} is closed`);
      });
    });
}
