import fc from 'fast-check';
import { CATALOG } from '../../../packages/cli/src/catalog.ts';
import { runCommandLine } from '../../../packages/cli/src/program.ts';
import { requireHarmless } from '../harmless.ts';
import { defineTarget } from '../target.ts';

const NAMES = CATALOG.map(({ name }) => name);
const WORDS = [
  ...NAMES,
  'list',
  'show',
  'retry',
  'cancel',
  'redrive',
  'drop',
  'verify',
  'export',
  'correct',
  'approve',
  'reject',
  'ack',
  'test',
  'reset',
  'accept',
  'raise',
  'pause',
  'all',
  'help',
  '--json',
  '--verbose',
  '--help',
  '-h',
  '--config',
  '--state-dir',
  '--days',
  '--limit',
  '--agent',
  '--reason',
  '--input',
  '--at',
  '--for',
  '--to',
  '--by',
  '--key',
  '--state',
  '--now',
  '--check',
  '--markdown',
  '--systemd',
  '--print',
  '--',
  '-',
  '--=',
  '---',
  '-x',
  '-5',
  '0',
  '1e9',
  '0x10',
  '9999999999',
  '2026-13-45',
  '{"a":',
  '[]',
  'null',
  '$1.00',
  '$-1',
  '1y',
  '',
  ' ',
  '\u001b[31m',
  '\u202e',
  '\0',
  '__proto__',
  'constructor',
  'toString',
  '--__proto__',
  '--constructor=1',
];
const word = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...WORDS), fc.string({ maxLength: 6 }))
      .map(([option, value]) => `${option}=${value}`),
  },
);
const inputs = fc.tuple(
  fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: word }),
  fc.array(word, { maxLength: 7 }),
);

const CODES: ReadonlySet<number> = new Set([0, 64]);

/** Every command line is understood or refused as usage (64), with words that do nothing. */
export const commandLines = defineTarget('arguments', 30, inputs, async ([first, rest]) => {
  let out = '';
  const stream = { write: (text: string) => void (out += text) };
  const code = await runCommandLine([first, ...rest], {
    streams: { stdout: stream, stderr: stream },
    prepare: withoutActions,
  });
  if (!CODES.has(code)) throw new Error(`exit ${code}: ${out}`);
  requireHarmless(out, 'what is printed');
});

type Prepared = Parameters<NonNullable<Parameters<typeof runCommandLine>[1]>['prepare'] & {}>[0];

/** Only the words are tried: what a command does is not. */
function withoutActions(command: Prepared): void {
  for (const below of command.commands) {
    below.action(() => undefined);
    withoutActions(below);
  }
}
