import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { nodeBinary } from '@nightshift/support';
import type { Installation } from './installation.ts';
import type { Remotes } from './remotes.ts';

/** Puts the evidence together and lets a process judge it that shares no code with the product. */
export async function askReferee(
  installation: Installation,
  remotes: Remotes,
  facts: object,
): Promise<number> {
  await remotes.save(installation.evidence);
  installation.copyDatabases();
  const notes = path.join(installation.dir, 'notes.txt');
  if (existsSync(notes)) copyFileSync(notes, path.join(installation.evidence, 'notes.txt'));
  installation.writeFacts(facts);
  const main = path.join(import.meta.dirname, 'referee/main.ts');
  const referee = spawn(nodeBinary, [main, installation.evidence], { stdio: 'inherit' });
  return new Promise((resolve) => referee.once('exit', (code) => resolve(code ?? 1)));
}

interface Verdict {
  readonly id: string;
  readonly counted: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}

/** The last line of a run, for programs: what happened, and what the referee counted. */
export function countsLine(installation: Installation, more: Record<string, unknown>): string {
  const text = readFileSync(path.join(installation.evidence, 'verdicts.json'), 'utf8');
  const verdicts = JSON.parse(text) as readonly Verdict[];
  const broken = verdicts.filter((it) => it.violations.length > 0).map((it) => it.id);
  const of = (id: string): Readonly<Record<string, number>> =>
    verdicts.find((it) => it.id === id)?.counted ?? {};
  const counts = {
    ...more,
    slots: of('I6')['due'],
    jobs: of('I5')['jobs'],
    calls: of('I2')['billed'],
    overshootNusd: of('I1')['overshootNusd'],
    lost: of('I5')['lost'],
    doubled: of('I8')['doubled'],
    alertsMissed: of('I11')['missed'],
    broken,
  };
  return `counts: ${JSON.stringify(counts)}`;
}
