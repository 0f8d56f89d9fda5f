import { type Command, Option } from 'commander';
import { EXIT, type SpendTotal, type WindowState, committedNusd } from '@nightshift/domain';
import {
  type Installation,
  correctSpend,
  exportSpend,
  spendTotals,
  spendWindows,
  verifySpend,
} from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { count, examples } from '../options.ts';
import { dollars, usd } from '../print/dollars.ts';
import { sparkline } from '../print/sparkline.ts';
import { budgetTone } from '../print/status-page.ts';

const DAY_MS = 24 * 3_600_000;
const DAYS_DEFAULT = 30;
/** Days in the line of bars. */
const SPARK_DAYS = 14;

type By = 'agent' | 'model' | 'day';

export function define(command: Command, cli: Cli): void {
  command
    .addOption(
      new Option('--by <what>', 'totals instead of windows').choices(['agent', 'model', 'day']),
    )
    .option('--days <n>', 'with --by: how far back', count, DAYS_DEFAULT)
    .addHelpText(
      'after',
      examples(['spend', 'spend --by agent --days 7', 'spend verify', 'spend export']),
    )
    .action(async (options: { by?: By; days: number }) => {
      const installation = await cli.installation(command);
      if (options.by === undefined) await printWindows(cli, installation);
      else await printTotals(cli, installation, options.by, options.days);
    });
  defineExport(command, cli);
  defineCorrect(command, cli);
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

function defineExport(command: Command, cli: Cli): void {
  const all = command
    .command('export')
    .description('every call as CSV, one line each')
    .option('--since-days <n>', 'how far back', count, DAYS_DEFAULT)
    .addHelpText('after', examples(['spend export > calls.csv', 'spend export --since-days 7']))
    .action(async ({ sinceDays }: { sinceDays: number }) => {
      const installation = await cli.installation(all);
      const sinceAt = installation.clock.now() - sinceDays * DAY_MS;
      const lines: string[] = [];
      for await (const line of exportSpend(installation, { sinceAt })) {
        if (cli.printer.json) lines.push(line);
        else cli.printer.line(line);
      }
      cli.answer({ format: 'csv', lines }, () => undefined);
    });
}

function defineCorrect(command: Command, cli: Cli): void {
  const correct = command
    .command('correct')
    .description('book a call at what it really cost, up or down; kept in the audit')
    .argument('<id>', 'of the call, as jobs show and spend export tell it')
    .requiredOption('--to <dollars>', `what it cost, such as '$0.0123'`)
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', examples([`spend correct 0192… --to '$0.02' --reason "the invoice"`]))
    .action(async (id: string, options: { to: string; reason: string }) => {
      const done = await correctSpend(await cli.installation(correct), { id, ...options });
      const document = { id, fromUsd: usd(done.fromNusd), toUsd: usd(done.toNusd) };
      cli.answer({ correction: { ...document, boundUsd: usd(done.boundNusd) } }, (printer) => {
        printer.line(`${id} counts ${dollars(done.toNusd)} now, it was ${dollars(done.fromNusd)}`);
      });
    });
}

async function printWindows(cli: Cli, installation: Installation): Promise<void> {
  const windows = await spendWindows(installation);
  const days = await lastDays(installation);
  cli.answer({ windows: windows.map(windowDocument), days }, (printer) => {
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
    const bars = sparkline(days.map(({ spentUsd }) => spentUsd));
    const first = days[0]?.day ?? '';
    printer.line();
    printer.line(
      `${printer.paint('accent', bars)}  ${printer.paint('dim', `a day, since ${first}`)}`,
    );
  });
}

/** The last days with what was spent on each, oldest first, the quiet ones too. */
async function lastDays(
  installation: Installation,
): Promise<readonly { readonly day: string; readonly spentUsd: number }[]> {
  const sinceAt = installation.clock.now() - SPARK_DAYS * DAY_MS;
  const totals = await spendTotals(installation, { by: 'day', sinceAt });
  const windows = await spendWindows(installation);
  const today = windows.find((it) => it.scope === 'global' && it.window === 'day')?.key;
  const last = Temporal.PlainDate.from(
    today ?? new Date(installation.clock.now()).toISOString().slice(0, 10),
  );
  return Array.from({ length: SPARK_DAYS }, (_, i) => {
    const day = last.subtract({ days: SPARK_DAYS - 1 - i }).toString();
    const total = totals.find(({ name }) => name === day);
    const spent = total === undefined ? 0 : total.settledNusd + total.presumedNusd;
    return { day, spentUsd: usd(spent) };
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
