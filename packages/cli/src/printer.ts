import { errorDocument, errorLines } from './print/error-report.ts';
import { jsonText } from './print/json-text.ts';
import { type Paint, painter } from './print/style.ts';
import { type Cell, type Column, tableLines } from './print/table.ts';

/** Where a printer writes: the process's streams, or a test's. */
export interface Streams {
  readonly stdout: OutStream;
  readonly stderr: OutStream;
}

export interface OutStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  hasColors?(): boolean;
}

/**
 * The only writer to the terminal. With `--json`, stdout holds exactly one document with
 * `schema: 1`; everything meant for a person goes to stderr then. Text that came from a payload must
 * pass the sanitiser before it comes here; table cells and errors pass it here.
 */
export interface Printer {
  readonly json: boolean;
  /** True when a person looks at stdout. */
  readonly person: boolean;
  /** Columns of the terminal on stdout; null when nobody looks. */
  readonly width: number | null;
  readonly paint: Paint;
  /** As `paint`, for notes on stderr. */
  readonly paintNote: Paint;
  /** One line of the answer. */
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): void;
  /** A line beside the answer, on stderr: notes, progress, warnings. */
  note(text: string): void;
  /** The answer for a program. */
  document(content: object): void;
  error(thrown: unknown, verbose: boolean): void;
  /** Replaces the line being written; only where a person looks. `null` clears it. */
  live(text: string | null): void;
}

/** A printer over these streams. Colours where the terminal has them; NO_COLOR is respected. */
export function createPrinter(streams: Streams, json: boolean): Printer {
  const { stdout, stderr } = streams;
  const paint = painter(looks(stdout) && !json);
  const paintError = painter(looks(stderr));
  const person = stdout.isTTY === true;
  const width = person ? (stdout.columns ?? 80) : null;
  const out = json ? stderr : stdout;
  const line = (text = ''): void => void out.write(`${text}\n`);
  return {
    json,
    person,
    width,
    paint,
    paintNote: paintError,
    line,
    table(columns, rows) {
      for (const text of tableLines(columns, rows, { paint, width })) line(text);
    },
    note: (text) => void stderr.write(`${text}\n`),
    document: (content) => void stdout.write(`${jsonText({ schema: 1, ...content }, person)}\n`),
    error(thrown, verbose) {
      if (json) stdout.write(`${jsonText({ schema: 1, ...errorDocument(thrown) }, person)}\n`);
      else stderr.write(`${errorLines(thrown, paintError, verbose).join('\n')}\n`);
    },
    live(text) {
      if (person && !json) stdout.write(`\r\u001b[2K${text ?? ''}`);
    },
  };
}

/** The streams of this process. A reader that went away (`| head`) is no error. */
export function processStreams(): Streams {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit();
    });
  }
  return { stdout: process.stdout, stderr: process.stderr };
}

/** `hasColors` knows NO_COLOR, FORCE_COLOR and TERM. */
function looks(stream: OutStream): boolean {
  return stream.isTTY === true && stream.hasColors?.() === true;
}
