/**
 * `pnpm bench [--json] [--write] [--only ID[,ID]] [--rounds N]`: every promise about speed and size,
 * measured here and now, beside what others need for the same.
 *
 * Ours and the peer take turns in the same run, with the same durability, after a round that is not
 * counted. Numbers are medians; the spread is the 10th to the 90th percentile. All of it happens in
 * temporary folders and on loopback. Exit code 1 only where a budget was broken: what cannot be
 * measured on a machine is said, and breaks nothing.
 */
import { CATALOGUE } from './catalogue.ts';
import { type Options, readOptions } from './options.ts';
import { type Document, runGroups } from './run.ts';
import { writeReadme } from './readme.ts';
import { renderTable } from './table.ts';

const USAGE = 64;
const BROKEN = 1;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options;
  try {
    const ids = CATALOGUE.flatMap((group) => group.ids);
    options = readOptions(process.argv.slice(2), ids);
  } catch (error) {
    process.stderr.write(`bench: ${(error as Error).message}\n`);
    return USAGE;
  }
  const document = await runGroups(CATALOGUE, options);
  if (options.write) writeReadme(page(document));
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : page(document));
  return document.rows.every(({ ok }) => ok) ? 0 : BROKEN;
}

function page({ versions, settings, rows, notMeasured }: Document): string {
  const facts = Object.entries({ ...versions, ...settings }).map(([name, it]) => `${name} ${it}`);
  return `${facts.join(', ')}\n\n${renderTable(rows, notMeasured)}\n`;
}
