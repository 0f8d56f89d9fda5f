import type { Command } from 'commander';
import { raiseBudget } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { dollars, usd } from '../print/dollars.ts';

export function define(command: Command, cli: Cli): void {
  command.addHelpText('after', examples([`budget raise --today '$2.00' --reason "backlog"`]));
  const raise = command
    .command('raise')
    .description('let today cost more; ends with the day')
    .requiredOption('--today <dollars>', `how much more, such as '$2.00'`)
    .requiredOption('--reason <text>', 'why: kept in the audit')
    .option('--agent <name>', 'only this agent; default is everybody together')
    .addHelpText('after', examples([`budget raise --today '$0.50' --agent digest --reason "x"`]))
    .action(async (options: { today: string; reason: string; agent?: string }) => {
      const { today: by, reason, agent } = options;
      const done = await raiseBudget(await cli.installation(raise), { by, reason, agent });
      const { addNusd, capNusd, ...rest } = done;
      cli.answer({ raise: { ...rest, addUsd: usd(addNusd), capUsd: usd(capNusd) } }, (printer) => {
        const cap = `${done.scope} ${done.key} may cost ${dollars(capNusd)} now`;
        printer.line(`${cap}, ${dollars(addNusd)} more than before`);
        if (done.woken > 0) printer.line(`${done.woken} waiting jobs are asked again`);
      });
    });
}
