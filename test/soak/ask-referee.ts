import { spawn } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
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
