import { type Command, Option } from 'commander';
import { EXIT, type SpendTotal, type WindowState, committedNusd } from '@nightshift/domain';
import { type Installation, spendTotals, spendWindows, verifySpend } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { dollars, usd } from '../print/dollars.ts';
import { budgetTone } from '../print/status-page.ts';

const DAY_MS = 24 * 3_600_000;
const DAYS_DEFAULT = 30;

type By = 'agent' | 'model' | 'day';

export function define(command: Command, cli: Cli): void {
  command
    .addOption(
      new Option('--by <what>', 'totals instead of windows').choices(['agent', 'model', 'day']),
    )
    .option('--days <n>', 'with --by: how far back', count, DAYS_DEFAULT)
    .addHelpText('after', examples(['spend', 'spend --by agent --days 7', 'spend verify']))
    .action(async (options: { by?: By; days: number }) => {
      const installation = await cli.installation(command);
      if (options.by === undefined) await printWindows(cli, installation);
      else await printTotals(cli, installation, options.by, options.days);
    });
  const verify = command
    .command('verify')
    .description('compare the counters that decide with the rows that explain')
    .addHelpText('after', examples(['spend verify --json']))
    .action(async () => {
      const differences = await verifySpend(await cli.installation(verify));
      if (differences.length > 0) cli.exitCode = EXIT.failed;
      cli.answer({ ok: differences.length === 0, differences }, (printer) => {
        for (const text of differences) printer.line(`${printer.paint('bad', 'differs')}  ${text}`);
        if (differences.length === 0) printer.line(`${printer.paint('good', 'ok')}  they agree`);
      });
    });
}

async function printWindows(cli: Cli, installation: Installation): Promise<void> {
  const windows = await spendWindows(installation);
  cli.answer({ windows: windows.map(windowDocument) }, (printer) => {
    printer.table(
      [
        { title: 'scope' },
        { title: 'window' },
        { title: 'which' },
        { title: 'settled', align: 'right' },
        { title: 'held', align: 'right' },
        { title: 'presumed', align: 'right' },
        { title: 'cap', align: 'right' },
        { title: 'left', align: 'right' },
      ],
      windows.map((it) => [
        it.scope,
        it.window,
        it.key,
        dollars(it.settledNusd),
        dollars(it.heldNusd),
        dollars(it.presumedNusd),
        dollars(it.capNusd),
        { text: dollars(Math.max(0, it.capNusd - committedNusd(it))), tone: budgetTone(it) },
      ]),
    );
  });
}

async function printTotals(
  cli: Cli,
  installation: Installation,
  by: By,
  days: number,
): Promise<void> {
  const sinceAt = installation.clock.now() - days * DAY_MS;
  const totals = await spendTotals(installation, { by, sinceAt });
  cli.answer({ by, days, totals: totals.map(totalDocument) }, (printer) => {
    if (totals.length === 0 && printer.person) {
      printer.line(`nothing was spent in ${days} days`);
      return;
    }
    printer.table(
      [
        { title: by },
        { title: 'calls', align: 'right' },
        { title: 'settled', align: 'right' },
        { title: 'held', align: 'right' },
        { title: 'presumed', align: 'right' },
      ],
      totals.map((it) => [
        it.name,
        it.calls,
        dollars(it.settledNusd),
        dollars(it.heldNusd),
        dollars(it.presumedNusd),
      ]),
    );
  });
}

function windowDocument(it: WindowState): object {
  return {
    scope: it.scope,
    window: it.window,
    key: it.key,
    settledUsd: usd(it.settledNusd),
    heldUsd: usd(it.heldNusd),
    presumedUsd: usd(it.presumedNusd),
    capUsd: usd(it.capNusd),
  };
}

function totalDocument(it: SpendTotal): object {
  return {
    name: it.name,
    calls: it.calls,
    settledUsd: usd(it.settledNusd),
    heldUsd: usd(it.heldNusd),
    presumedUsd: usd(it.presumedNusd),
  };
}
