import type { AgentContext } from 'nightshift';
import { FEED_MAX_CHARS, FeedError, type FeedItem, type FeedPage, readFeed } from './feed.ts';

/** What the report says of one feed. */
export interface FeedNews {
  readonly url: string;
  readonly title: string;
  /** Newest as the feed has them; empty when nothing is new. */
  readonly items: readonly FeedItem[];
  /** Ids of all that was looked at, told or passed over: none of it is news again. */
  readonly ids: readonly string[];
  /** There is more that is new than was fetched. */
  readonly cut: boolean;
  /** Why it could not be read, or null. */
  readonly error: string | null;
}

/** Ids of what was told of each feed, by its address, newest first. */
export type SeenItems = Readonly<Record<string, readonly string[]>>;

/** Pages that are followed back to the last item that was told. */
const PAGES_MAX = 5;
/** New items of one feed in one report. */
const NEW_MAX = 50;
/** The first time everything is new: only the newest are told. */
const FIRST_MAX = 10;
/** Ids remembered of one feed; several times what a page of one usually holds. */
const REMEMBERED_MAX = 500;

/** Refusals that end the attempt: what they say is about the job, not about the feed. */
const ENDS_THE_ATTEMPT = new Set(['halted', 'lease-lost', 'agent-paused', 'hold-stale']);

/**
 * What is new in one feed since the last report, fetched through the gates. A feed that cannot be
 * read is a sentence, not the end of the others.
 */
export async function feedNews(
  ctx: AgentContext,
  url: string,
  seen: readonly string[],
): Promise<FeedNews> {
  try {
    // As an address is sent: a step's name is bounded in bytes.
    const name = `feed ${URL.parse(url)?.href ?? url}`.slice(0, 200);
    return await ctx.step(name, () => follow(ctx, url, seen));
  } catch (error) {
    if (ctx.signal.aborted || endsTheAttempt(error)) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { url, title: '', items: [], ids: [], cut: false, error: message };
  }
}

async function follow(ctx: AgentContext, url: string, seen: readonly string[]): Promise<FeedNews> {
  const known = new Set(seen);
  const items: FeedItem[] = [];
  const visited = new Set<string>();
  const limit = seen.length === 0 ? FIRST_MAX : NEW_MAX;
  let title = '';
  let next: string | null = url;
  while (next !== null && items.length < limit && visited.size < PAGES_MAX) {
    visited.add(next);
    const page: FeedPage = await readFeed(await textOf(ctx, next), next);
    title ||= page.title;
    const fresh = page.items.filter(({ id }) => !known.has(id));
    for (const item of fresh) known.add(item.id);
    items.push(...fresh);
    const goesOn = seen.length > 0 && fresh.length === page.items.length;
    next = goesOn && page.next !== null && !visited.has(page.next) ? page.next : null;
  }
  const cut = seen.length > 0 && (next !== null || items.length > limit);
  const ids = items.map(({ id }) => id);
  return { url, title, items: items.slice(0, limit), ids, cut, error: null };
}

async function textOf(ctx: AgentContext, url: string): Promise<string> {
  const accept = 'application/rss+xml, application/atom+xml, application/feed+json, */*;q=0.5';
  const response = await ctx.fetch(url, { headers: { accept }, signal: ctx.signal });
  if (!response.ok) throw new FeedError(`its server answered ${response.status}`);
  const text = await response.text();
  if (text.length > FEED_MAX_CHARS) throw new FeedError('it is longer than a feed may be');
  return text;
}

function endsTheAttempt(error: unknown): boolean {
  const { code, refusal } = Object(error) as { code?: unknown; refusal?: { reason: string } };
  return code === 'refused' && ENDS_THE_ATTEMPT.has(refusal?.reason ?? '');
}

/** What to remember after a report: what was told now, then what was told before. */
export function remembered(news: readonly FeedNews[], before: SeenItems): SeenItems {
  const now = news.map(({ url, ids }) => {
    const all = new Set([...ids, ...(before[url] ?? [])]);
    return [url, [...all].slice(0, REMEMBERED_MAX)] as const;
  });
  return { ...before, ...Object.fromEntries(now) };
}
