/** One instruction of a container file, its lines joined. */
export interface Instruction {
  /** In capitals: `RUN`. */
  readonly name: string;
  readonly words: string;
  /** Of its first line, from 1. */
  readonly line: number;
}

/** What an image is besides its files. */
export interface Image {
  readonly workdir: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: NodeJS.Signals;
}

const KNOWN = new Set(['FROM', 'RUN', 'COPY', 'WORKDIR', 'ENV', 'STOPSIGNAL', 'ENTRYPOINT', 'CMD']);

/** Reads a container file as far as ours goes. @throws Error for an instruction it does not know. */
export function instructionsOf(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let [words, first] = ['', 0];
  for (const [index, raw] of text.split('\n').entries()) {
    // A comment, also between the lines of one instruction.
    if (raw.startsWith('#') || raw.trim() === '') continue;
    if (words === '') first = index + 1;
    words = `${words} ${raw.replace(/\\$/, '').trim()}`.trim();
    if (raw.endsWith('\\')) continue;
    found.push(instruction(words, first));
    words = '';
  }
  return found;
}

function instruction(text: string, line: number): Instruction {
  const [, name = '', words = ''] = /^(\w+)\s+(.*)$/.exec(text) ?? [];
  if (!KNOWN.has(name)) throw new Error(`line ${line}: nobody here knows ${name}`);
  return { name, words, line };
}

/** What the instructions say of the image itself. */
export function imageOf(list: readonly Instruction[]): Image {
  const last = (name: string): string => list.findLast((it) => it.name === name)?.words ?? '';
  const words = (name: string): string[] => JSON.parse(last(name) || '[]') as string[];
  const pairs = list.filter((it) => it.name === 'ENV').map((it) => it.words.split('='));
  return {
    workdir: last('WORKDIR') || '/',
    environment: Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value])),
    entrypoint: words('ENTRYPOINT'),
    command: words('CMD'),
    stopSignal: (last('STOPSIGNAL') || 'SIGTERM') as NodeJS.Signals,
  };
}
