/**
 * What a web page may do. A page is data, so that another process can script it.
 */

/** An ordinary answer. With an `etag` header, a matching `If-None-Match` gets a 304. */
export interface PlainPage {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A redirect; `status` is 302 if absent. */
export interface RedirectPage {
  readonly redirect: string;
  readonly status?: number;
}

/** The body in pieces of `pieceBytes` (1 if absent), one each `everyMs`. */
export interface SlowPage {
  readonly slow: string;
  readonly everyMs: number;
  readonly pieceBytes?: number;
}

/** A body without end, as fast as the client reads. */
export interface EndlessPage {
  readonly endless: true;
}

/** A body of this many bytes, made as it is sent. */
export interface SizedPage {
  readonly sizeBytes: number;
}

/** A gzip body that unpacks to this many zero bytes. */
export interface ZipBombPage {
  readonly zipBombBytes: number;
}

/** Takes the request and never answers. */
export interface SilentPage {
  readonly silent: true;
}

/** Resets the connection instead of an answer. */
export interface ResetPage {
  readonly reset: true;
}

/** Announces the whole body, sends the first half, and closes. */
export interface CutPage {
  readonly cut: string;
}

export type Page =
  | PlainPage
  | RedirectPage
  | SlowPage
  | EndlessPage
  | SizedPage
  | ZipBombPage
  | SilentPage
  | ResetPage
  | CutPage;

/** One page, or one for each request in turn; the last of a list stays. */
export type Script = Page | readonly Page[];

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const yes: Check = (value) => value === true;
const headers: Check = (value) =>
  typeof value === 'object' && value !== null && Object.values(value).every(text);

const CHECKS: Readonly<Record<string, Check>> = {
  status: (value) => count(value) && (value as number) >= 200 && (value as number) <= 599,
  headers,
  body: text,
  redirect: text,
  slow: text,
  everyMs: count,
  pieceBytes: count,
  endless: yes,
  sizeBytes: count,
  zipBombBytes: count,
  silent: yes,
  reset: yes,
  cut: text,
};

/** A page that is none. */
export class BadPage extends Error {
  override readonly name = 'BadPage';
}

/** Checks a scripted answer. Throws `BadPage`. */
export function parseScript(value: unknown): readonly Page[] {
  const pages: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (pages.length === 0) throw new BadPage('a list of pages must not be empty');
  for (const page of pages) assertPage(page);
  return pages as readonly Page[];
}

function assertPage(page: unknown): void {
  if (typeof page !== 'object' || page === null) throw new BadPage('a page is an object');
  for (const [key, value] of Object.entries(page)) {
    const check = Object.hasOwn(CHECKS, key) ? CHECKS[key] : undefined;
    if (check === undefined) throw new BadPage(`"${key}" is unknown in a page`);
    if (!check(value)) throw new BadPage(`"${key}" has a wrong value`);
  }
}
