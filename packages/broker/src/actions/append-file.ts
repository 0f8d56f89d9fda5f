import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { NightshiftError, errorFacts, type ActionEnd } from '@nightshift/domain';
import { isStopped, type StopFile } from '../stop-file.ts';
import { refuse } from '../refusals.ts';

/** Not a terminal, a pipe or a link to elsewhere: those are refused or cannot be opened so. */
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK;

/** @throws NightshiftError `bad-action-args` for anything but `{ "text": "…" }`. */
export function textOfArgs(args: string): string {
  const value = JSON.parse(args) as unknown;
  const keys = typeof value === 'object' && value !== null ? Object.keys(value).join() : '';
  const { text } = Object(value) as { text?: unknown };
  if (keys === 'text' && typeof text === 'string' && text !== '') return text;
  throw new NightshiftError('bad-action-args', 'this action takes { text } and nothing else', {
    fix: "write ctx.draft('…', { text: 'a line\\n' })",
  });
}

/** @throws RefusedError `halted`; NightshiftError `action-file-denied`. */
export async function appendable(
  file: string,
  text: string,
  options: { readonly stopFile: StopFile; readonly protect: readonly string[] },
): Promise<() => Promise<ActionEnd>> {
  if (await isStopped(options.stopFile)) throw refuse('halted', 'a STOP file is there');
  await requireOutside(file, options.protect);
  return () => append(file, text);
}

async function requireOutside(file: string, folders: readonly string[]): Promise<void> {
  let real: string;
  try {
    real = path.join(await realpath(path.dirname(file)), path.basename(file));
  } catch (cause) {
    throw denied(file, `its folder cannot be used (${errorFacts(cause).code})`);
  }
  const inside = folders.some((folder) => {
    const from = path.relative(folder, real);
    return from === '' || !(from.startsWith('..') || path.isAbsolute(from));
  });
  if (inside) throw denied(file, 'it lies in the state folder');
}

/** One write to the end of the file, on the disk before it counts. */
async function append(file: string, text: string): Promise<ActionEnd> {
  let begun = false;
  try {
    await using handle = await open(file, APPEND, 0o600);
    if (!(await handle.stat()).isFile()) return no('it is no ordinary file');
    const bytes = Buffer.from(text);
    begun = true;
    const { bytesWritten } = await handle.write(bytes);
    await handle.sync();
    if (bytesWritten === bytes.length) {
      return { happened: 'yes', result: `${bytesWritten} bytes were appended` };
    }
    return { happened: 'unknown', result: `${bytesWritten} of ${bytes.length} bytes were written` };
  } catch (error) {
    const { code } = errorFacts(error);
    if (!begun) return no(code);
    return { happened: 'unknown', result: `the file could not be written to the end: ${code}` };
  }
}

function no(why: string): ActionEnd {
  return { happened: 'no', result: `the file could not be opened: ${why}` };
}

function denied(file: string, why: string): NightshiftError {
  return new NightshiftError('action-file-denied', `nothing is appended to ${file}: ${why}`, {
    at: file,
  });
}
