import { loadavg } from 'node:os';
import type { Bench, Group, Settings } from './benchmark.ts';
import { type NotMeasured, type Row, toRow } from './row.ts';
import { settingsOf, versions } from './support/versions.ts';
import { openWorkspace } from './support/workspace.ts';

/** Exit code of a program that was ended by SIGINT, as shells count. */
const INTERRUPTED = 130;

/** What `--json` prints. */
export interface Document {
  readonly schema: 1;
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly rows: readonly Row[];
  readonly notMeasured: readonly NotMeasured[];
}

/** Runs every group with a wanted id, one after the other. A group that fails was not measured. */
export async function runGroups(groups: readonly Group[], settings: Settings): Promise<Document> {
  const document = { versions: versions(), settings: settingsOf(settings) };
  const rows: Row[] = [];
  const notMeasured: NotMeasured[] = [];
  for (const group of groups) {
    const wanted = group.ids.filter((id) => isWanted(settings, id));
    if (wanted.length === 0) continue;
    const came = await runGroup(group, settings, wanted);
    rows.push(...came.rows);
    notMeasured.push(...came.notMeasured);
  }
  return { schema: 1, ...document, rows, notMeasured };
}

async function runGroup(
  group: Group,
  settings: Settings,
  wanted: readonly string[],
): Promise<{ rows: Row[]; notMeasured: NotMeasured[] }> {
  const workspace = openWorkspace();
  const interrupted = (): void => void workspace.close().finally(() => process.exit(INTERRUPTED));
  process.once('SIGINT', interrupted);
  const startedAt = performance.now();
  const say = (line: string): void => void process.stderr.write(`bench: ${line}\n`);
  const bench: Bench = { ...settings, workspace, wants: (id) => isWanted(settings, id), say };
  try {
    const { rows, notMeasured = [] } = await group.run(bench);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    say(`${wanted.join(', ')} (${seconds} s, load ${loadavg()[0]?.toFixed(1)})`);
    const asked = rows.filter(({ id }) => wanted.includes(id)).map(toRow);
    return { rows: asked, notMeasured: notMeasured.filter(({ id }) => wanted.includes(id)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`${wanted.join(', ')}: ${why}`);
    return { rows: [], notMeasured: wanted.map((id) => ({ id, why })) };
  } finally {
    process.off('SIGINT', interrupted);
    await workspace.close();
  }
}

function isWanted({ only }: Settings, id: string): boolean {
  return only === null || only.includes(id);
}
