import { createInterface } from 'node:readline/promises';
import { type Command, Option } from 'commander';
import {
  init,
  STARTER_CHANNELS,
  STARTER_DEFAULTS,
  STARTER_MODELS,
  type StarterChannel,
  type StarterModel,
} from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';

interface Options {
  readonly timezone?: string;
  readonly perDay?: `$${string}`;
  readonly model?: StarterModel;
  readonly channel?: StarterChannel;
  readonly yes?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[dir]', 'where to', '.')
    .option('--timezone <zone>', 'whose days and hours count (default: that of this machine)')
    .option(
      '--per-day <amount>',
      `the most that may be spent in a day (${STARTER_DEFAULTS.perDay})`,
    )
    .addOption(new Option('--model <kind>', 'what agents ask').choices(STARTER_MODELS))
    .addOption(new Option('--channel <kind>', 'where alerts go').choices(STARTER_CHANNELS))
    .option('--yes', 'ask nothing')
    .addHelpText(
      'after',
      examples(['init night', "init night --model ollama --channel ntfy --per-day '$0.50'"]),
    )
    .action(async (dir: string, options: Options) => {
      const asks = cli.printer.person && process.stdin.isTTY && options.yes !== true;
      const answers = asks ? await ask(options) : options;
      const { timezone, perDay, model, channel } = answers;
      const made = init({ dir, cwd: process.cwd(), timezone, perDay, model, channel });
      cli.answer(made, (printer) => {
        for (const file of made.files) printer.line(`${printer.paint('good', 'wrote')}  ${file}`);
        printer.line();
        printer.line(`cd ${made.dir}, then do what README.md says`);
      });
    });
}

/** Asks for what was not said. An empty answer takes the default; Ctrl-C and Ctrl-D write nothing. */
async function ask(options: Options): Promise<Options> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const one = async (question: string, usual: string): Promise<string> =>
    (await terminal.question(`${question} [${usual}] `)).trim() || usual;
  const pick = async <T extends string>(
    question: string,
    kinds: readonly T[],
    usual: T,
  ): Promise<T> => {
    const said = await one(`${question} (${kinds.join(', ')})`, usual);
    return kinds.find((it) => it === said) ?? pick(question, kinds, usual);
  };
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const { model, channel, perDay } = STARTER_DEFAULTS;
    return {
      timezone: options.timezone ?? (await one('Time zone', zone)),
      perDay: options.perDay ?? ((await one('Most to spend in a day', perDay)) as `$${string}`),
      model: options.model ?? (await pick('Model', STARTER_MODELS, model)),
      channel: options.channel ?? (await pick('Alerts go to', STARTER_CHANNELS, channel)),
    };
  } finally {
    terminal.close();
  }
}
