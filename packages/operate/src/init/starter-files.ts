import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutPath } from '../service-process.ts';

/** What a starter project is made with. */
export interface StarterChoices {
  readonly name: string;
  /** IANA name. */
  readonly timezone: string;
  /** `$1.00`: the most that may be spent in a day. */
  readonly perDay: `$${string}`;
  readonly model: StarterModel;
  readonly channel: StarterChannel;
}

export const STARTER_MODELS = ['extractive', 'ollama', 'anthropic', 'openai'] as const;
export type StarterModel = (typeof STARTER_MODELS)[number];
export const STARTER_CHANNELS = ['none', 'ntfy', 'discord'] as const;
export type StarterChannel = (typeof STARTER_CHANNELS)[number];

/** Text here, code there: it is no part of this program. */
const AGENT = 'packages/operate/starter/notes.ts.txt';

interface Part {
  readonly helper: string;
  readonly call: string;
  /** Variable of `.env`, and what it is. */
  readonly secret: readonly [name: string, what: string] | null;
}

const MODELS: Readonly<Record<StarterModel, Part>> = {
  extractive: { helper: 'extractive', call: 'extractive()', secret: null },
  ollama: { helper: 'ollama', call: `ollama('llama3.2')`, secret: null },
  anthropic: {
    helper: 'anthropic',
    call: `anthropic('claude-haiku-4-5', { apiKey: env('ANTHROPIC_API_KEY') })`,
    secret: ['ANTHROPIC_API_KEY', 'the key of your account'],
  },
  openai: {
    helper: 'openai',
    call: `openai('gpt-5-mini', { apiKey: env('OPENAI_API_KEY') })`,
    secret: ['OPENAI_API_KEY', 'the key of your account'],
  },
};

const CHANNELS: Readonly<Record<StarterChannel, Part | null>> = {
  none: null,
  ntfy: {
    helper: 'ntfy',
    call: `ntfy({ topic: env('NTFY_TOPIC') })`,
    secret: ['NTFY_TOPIC', 'a long random name: whoever knows it reads your alerts'],
  },
  discord: {
    helper: 'discord',
    call: `discord({ webhook: env('DISCORD_WEBHOOK') })`,
    secret: ['DISCORD_WEBHOOK', 'the URL from the settings of a channel, under Integrations'],
  },
};

/** Files of a starter project by path. */
export function starterFiles(choices: StarterChoices): Readonly<Record<string, string>> {
  return {
    'nightshift.config.ts': configText(choices),
    'agents/notes.ts': readFileSync(checkoutPath(AGENT), 'utf8'),
    'package.json': packageText(choices.name),
    'tsconfig.json': TSCONFIG,
    '.env.example': envText(choices),
    '.gitignore': 'node_modules/\n.nightshift/\n.env\n',
    'README.md': readmeText(choices),
  };
}

/** Folders of this checkout that the project resolves, by name. */
export function starterLinks(): Readonly<Record<string, string>> {
  return {
    nightshift: checkoutPath('packages/nightshift'),
    ai: checkoutPath('node_modules/ai'),
    '@nightshift/digest': checkoutPath('packages/digest'),
    '@types/node': checkoutPath('node_modules/@types/node'),
  };
}

function parts({ model, channel }: StarterChoices): readonly Part[] {
  const told = CHANNELS[channel];
  return [MODELS[model], ...(told === null ? [] : [told])];
}

function configText(choices: StarterChoices): string {
  const used = parts(choices);
  const secrets = used.some((it) => it.secret !== null);
  const helpers = ['defineConfig', ...(secrets ? ['env'] : []), ...used.map((it) => it.helper)];
  const channel = CHANNELS[choices.channel];
  const alerts = channel === null ? [] : [`  alerts: { channels: [${channel.call}] },`];
  return [
    `import { ${helpers.toSorted().join(', ')} } from 'nightshift/config';`,
    '',
    'export default defineConfig({',
    `  timezone: ${quoted(choices.timezone)},`,
    '  // The most that may be spent in a day. Without it nothing may be spent.',
    `  budget: { perDay: ${quoted(choices.perDay)} },`,
    `  models: { default: ${MODELS[choices.model].call} },`,
    ...alerts,
    '  agents: {',
    '    notes: {',
    `      entry: './agents/notes.ts',`,
    `      schedule: '0 6 * * *',`,
    `      input: { text: ${quoted(SAMPLE)} },`,
    `      budget: { perJob: '$0.05' },`,
    '    },',
    '  },',
    '});',
    '',
  ].join('\n');
}

function packageText(name: string): string {
  const links = Object.entries(starterLinks());
  const dependencies = Object.fromEntries(links.map(([it, dir]) => [it, `link:${dir}`]));
  const content = { name, private: true, type: 'module', dependencies };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function envText(choices: StarterChoices): string {
  const secrets = parts(choices).flatMap(({ secret }) => (secret === null ? [] : [secret]));
  const head = '# Copy to .env and fill in. Never commit .env.\n';
  return head + secrets.map(([name, what]) => `# ${what}\n${name}=\n`).join('');
}

function readmeText(choices: StarterChoices): string {
  const secrets = parts(choices).flatMap(({ secret }) => (secret === null ? [] : [secret[0]]));
  const first =
    secrets.length === 0
      ? []
      : [`First copy \`.env.example\` to \`.env\` and fill in ${secrets.join(' and ')}.`, ''];
  return [
    `# ${choices.name}`,
    '',
    'An agent that runs unattended, behind a spend cap and a kill switch.',
    '',
    ...first,
    '```sh',
    'npx nightshift check',
    'npx nightshift run notes',
    'npx nightshift reports show latest',
    '```',
    '',
    '`npx nightshift up` keeps it running on its schedule until you stop it. `nightshift.config.ts`',
    'says what the agent may do, `agents/notes.ts` is the agent, `.nightshift` holds what it did.',
    '',
    'To run it on a server, as root: `npx nightshift install --systemd`.',
    '',
    '`package.json` and `node_modules` link the checkout that made this; should that move, run',
    '`nightshift init` from its new place in an empty folder, and copy your files there.',
    '',
  ].join('\n');
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** The launcher of the command, found by npx. */
export function starterCommand(node: string): string {
  const words = [node, join(checkoutPath('packages/cli'), 'src/main.ts')];
  const command = words.map((it) => `'${it.replaceAll("'", `'\\''`)}'`).join(' ');
  return `#!/bin/sh\nexec ${command} "$@"\n`;
}

const SAMPLE =
  'Agents that run at night need a cap. A cap that can be passed is a wish. ' +
  'What is counted before it is spent cannot be overspent.';

const TSCONFIG = `{
  "compilerOptions": {
    "target": "esnext",
    "module": "nodenext",
    "noEmit": true,
    "strict": true,
    "types": ["node"],
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true,
    "skipLibCheck": true
  },
  "include": ["*.ts", "agents"]
}
`;
