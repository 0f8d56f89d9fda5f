import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { CHECKS } from './checks.ts';
import { readEvidence } from './evidence.ts';
import type { Verdict } from './verdict.ts';

/*
 * node test/soak/referee/main.ts FOLDER
 *
 * Judges what a run left behind and shares no code with the product: nothing below this folder
 * imports anything but Node. Prints a row for each invariant, writes `verdicts.json` beside the
 * evidence, and ends with 1 when a promise broke.
 */

/** Violations printed for one invariant; the rest are counted. */
const SHOWN = 10;

const dir = process.argv[2];
if (dir === undefined) throw new Error('name the folder with the evidence');
const evidence = readEvidence(dir);
const verdicts = CHECKS.map((check) => check(evidence));
writeFileSync(path.join(dir, 'verdicts.json'), JSON.stringify(verdicts, null, 2));
for (const verdict of verdicts) print(verdict);
const broken = verdicts.filter(({ violations }) => violations.length > 0);
console.log(
  broken.length === 0 ? 'every promise held' : `BROKEN: ${broken.map(({ id }) => id).join(', ')}`,
);
process.exitCode = broken.length === 0 ? 0 : 1;

function print({ id, what, counted, violations }: Verdict): void {
  const counts = Object.entries(counted).map(([name, n]) => `${name} ${n}`);
  const mark = violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`;
  console.log(`${id.padEnd(4)} ${mark.padEnd(14)} ${what}: ${counts.join(', ')}`);
  for (const line of violations.slice(0, SHOWN)) console.log(`       ${line}`);
  if (violations.length > SHOWN) console.log(`       and ${violations.length - SHOWN} more`);
}
