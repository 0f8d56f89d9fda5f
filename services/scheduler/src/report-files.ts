import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** What a worker named: minute in UTC, end of the report's id. Other files are somebody's own. */
const NAME = /^(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)Z-([\da-f]{8})\.(?:md|txt)(?:\.tmp)?$/;
const MINUTE_MS = 60_000;

export interface ReportFilesRequest {
  /** `reports` of the state folder, with a folder for each agent. */
  readonly dir: string;
  /** Files of reports made before then may go, epoch ms. */
  readonly before: number;
  /** Files removed at most. */
  readonly limit: number;
  /** Ids of the agent's reports made in `[fromAt, toAt)`: what the database still has stays. */
  readonly ids: (agent: string, fromAt: number, toAt: number) => Promise<readonly string[]>;
}

/**
 * Removes the files of reports that are old and that the database has forgotten too.
 * @returns how many were removed.
 */
export async function removeOldReportFiles(request: ReportFilesRequest): Promise<number> {
  let removed = 0;
  for (const folder of await entries(request.dir)) {
    if (!folder.isDirectory()) continue;
    for (const file of await entries(path.join(request.dir, folder.name))) {
      if (removed >= request.limit) return removed;
      if (!file.isFile() || !(await isForgotten(request, folder.name, file.name))) continue;
      // Another scheduler may have been quicker.
      await rm(path.join(request.dir, folder.name, file.name), { force: true });
      removed++;
    }
  }
  return removed;
}

async function isForgotten(
  { before, ids }: ReportFilesRequest,
  agent: string,
  name: string,
): Promise<boolean> {
  const parts = NAME.exec(name);
  if (parts === null) return false;
  const [, day, hour, minute, end = ''] = parts;
  const at = Date.parse(`${day}T${hour}:${minute}:00Z`);
  if (!(at + MINUTE_MS <= before)) return false;
  return (await ids(agent, at, at + MINUTE_MS)).every((id) => !id.endsWith(end));
}

async function entries(dir: string) {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
