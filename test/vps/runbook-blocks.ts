/**
 * A block of commands in RUNBOOK.md. Its fence says where it is for: `sh` for root on a Linux machine
 * after `nightshift install --systemd`; `sh on a Mac`, `sh on your computer` and the like for
 * somewhere else. A block of `text` right below it is what it prints.
 */
export interface Block {
  /** The heading it stands under. */
  readonly section: string;
  /** Of its first command in the file, from 1. */
  readonly line: number;
  /** What the fence says after `sh`; empty for the machine itself. */
  readonly elsewhere: string;
  readonly script: string;
  /** What it prints, line by line; empty where nothing is said. */
  readonly prints: readonly string[];
}

interface Fence {
  readonly words: string;
  readonly line: number;
  readonly lines: readonly string[];
}

/** Every block of commands, in order. Pure. */
export function runbookBlocks(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let section = '';
  let above: string | null = null;
  for (const part of partsOf(text)) {
    if (typeof part === 'string') {
      section = /^## (.*)/.exec(part)?.[1] ?? section;
      if (part !== '') above = null;
      continue;
    }
    const { words, line, lines } = part;
    const last = blocks.at(-1);
    if (words === 'text' && above === 'sh' && last !== undefined) {
      blocks[blocks.length - 1] = { ...last, prints: lines };
    }
    above = words.split(' ')[0] ?? '';
    if (above !== 'sh') continue;
    const elsewhere = words.slice('sh'.length).trim();
    blocks.push({ section, line, elsewhere, script: lines.join('\n'), prints: [] });
  }
  return blocks;
}

/** Lines outside of fences, and fences as one. */
function partsOf(text: string): readonly (string | Fence)[] {
  const parts: (string | Fence)[] = [];
  let open: { words: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line)?.[1];
    if (fence === undefined) {
      if (open === null) parts.push(line);
      else open.lines.push(line);
    } else if (open === null) {
      open = { words: fence.trim(), line: index + 2, lines: [] };
    } else {
      parts.push(open);
      open = null;
    }
  }
  return parts;
}

/**
 * The first line that the document promises and that was not printed, or null: its lines in their
 * order, others may stand between them. `…` stands for whatever differs from machine to machine, and
 * how many spaces there are does not matter.
 */
export function firstMissing(prints: readonly string[], printed: string): string | null {
  const lines = printed.split('\n').map(squeezed);
  let from = 0;
  for (const promised of prints) {
    const pattern = new RegExp(`^${squeezed(promised).split('…').map(escaped).join('.*')}$`);
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    if (at < 0) return promised;
    from = at + 1;
  }
  return null;
}

function squeezed(line: string): string {
  return line.trim().replace(/\s+/g, ' ');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
