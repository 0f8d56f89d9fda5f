import type { Command } from 'commander';
import { EXIT, sanitiseLine } from '@nightshift/domain';
import { type PriceAnswer, explainPrices } from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { dollars, usd } from '../print/dollars.ts';
import type { Printer } from '../printer.ts';

type Explained = PriceAnswer['prices'][number];

export function define(command: Command, cli: Cli): void {
  command
    .argument('<model>', 'as it is written on the wire')
    .option('--endpoint <name>', 'only at this endpoint')
    .addHelpText('after', examples(['prices claude-haiku-4-5', 'prices gpt-4o --endpoint openai']))
    .action(async (model: string, { endpoint }: { endpoint?: string }) => {
      const { config } = command.optsWithGlobals<{ config?: string }>();
      const { settingsAt } = await import('../settings-at.ts');
      const answer = await explainPrices(await settingsAt(config), { model, endpoint });
      if (answer.prices.length === 0) cli.exitCode = EXIT.failed;
      cli.answer(document(answer), (printer) => print(printer, answer));
    });
}

function print(printer: Printer, { model, prices, unknown, table }: PriceAnswer): void {
  for (const it of prices) printPrice(printer, it);
  for (const it of unknown) {
    const text = sanitiseLine(it.unknown, 300);
    printer.line(`${printer.paint('bad', 'refused')}  ${sanitiseLine(it.endpoint)}: ${text}`);
  }
  if (prices.length === 0) {
    const hint = `${sanitiseLine(model)} has no known price: give it price: { ... } in models`;
    printer.line(printer.paint('dim', hint));
  }
  const age = `price table ${table.version}, ${table.days} days old`;
  if (table.old) printer.note(printer.paintNote('warn', `${age}: prices may have changed`));
  else printer.line(printer.paint('dim', age));
}

function printPrice(printer: Printer, it: Explained): void {
  const known = it.configured ? '' : printer.paint('warn', '  not configured there: refused');
  printer.line(`${printer.paint('strong', it.model)} at ${it.endpoint}${known}`);
  printer.line(`  price of ${it.source}, recorded as ${it.version}`);
  printer.table(
    [
      { title: 'input tokens from' },
      { title: 'input', align: 'right' },
      { title: 'cached', align: 'right' },
      { title: 'cache write', align: 'right' },
      { title: 'write 1h', align: 'right' },
      { title: 'output', align: 'right' },
    ],
    it.tiers.map(({ fromInputTokens, rates }) => [
      fromInputTokens,
      dollars(rates.inputNusdPerMTok),
      dollars(rates.cachedInputNusdPerMTok),
      dollars(rates.cacheWriteNusdPerMTok),
      dollars(rates.cacheWriteLongNusdPerMTok),
      dollars(rates.outputNusdPerMTok),
    ]),
  );
  const { inputBytes, outputTokens, boundNusd } = it.example;
  const call = `a body of ${inputBytes} bytes with at most ${outputTokens} tokens of output`;
  printer.line(`  dollars per million tokens; ${call} is held at ${dollars(boundNusd)}`);
}

function document({ model, prices, unknown, table }: PriceAnswer): object {
  return {
    model,
    prices: prices.map(({ example, tiers, ...it }) => {
      const { boundNusd, ...asked } = example;
      return {
        ...it,
        usdPerMTok: tiers.map(({ fromInputTokens, rates }) => ({
          fromInputTokens,
          input: usd(rates.inputNusdPerMTok),
          cachedInput: usd(rates.cachedInputNusdPerMTok),
          cacheWrite: usd(rates.cacheWriteNusdPerMTok),
          cacheWriteLong: usd(rates.cacheWriteLongNusdPerMTok),
          output: usd(rates.outputNusdPerMTok),
        })),
        example: { ...asked, boundUsd: usd(boundNusd) },
      };
    }),
    unknown,
    table,
  };
}
