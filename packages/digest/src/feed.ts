/** One entry of a feed, as plain text. JSON, because it is a step's result. */
export interface FeedItem {
  /** Remembered, so that the next report does not tell it again. */
  readonly id: string;
  readonly title: string;
  /** http or https, or null. */
  readonly url: string | null;
  /** Epoch ms; null where the feed gives no date that can be read. */
  readonly at: number | null;
}

/** One page of a feed. */
export interface FeedPage {
  readonly title: string;
  readonly items: readonly FeedItem[];
  /** Where the older items are (RFC 5005, section 3; `next_url` of JSON Feed), or null. */
  readonly next: string | null;
}

/** A document that is not a feed, or not one that can be read. */
export class FeedError extends Error {
  override readonly name = 'FeedError';
}

/** Longest document that is parsed, characters. */
export const FEED_MAX_CHARS = 5_000_000;
/** Entries of one page that are looked at. */
const ITEMS_MAX = 500;
const TITLE_MAX = 300;
const ID_MAX = 500;

type Parsed = Awaited<ReturnType<typeof parse>>;
type Raw = {
  readonly id: string | undefined;
  readonly title: string | undefined;
  readonly text: string | undefined;
  readonly url: string | undefined;
  readonly date: string | undefined;
};

/**
 * Reads RSS, Atom, RDF or JSON Feed. Titles lose their markup here; what is left of them is still
 * somebody else's text and is escaped where it is printed.
 * @param base the address it came from: links in it may be relative
 * @throws FeedError when it is no feed.
 */
export async function readFeed(text: string, base: string): Promise<FeedPage> {
  if (text.length > FEED_MAX_CHARS) throw new FeedError('it is longer than a feed may be');
  const parsed = await parse(text);
  const items = rawItems(parsed)
    .slice(0, ITEMS_MAX)
    .map((raw) => itemOf(raw, base));
  return { title: titleOf(parsed), items, next: webUrl(nextOf(parsed), base) };
}

/** Loaded when there is a feed to read: a digest of repositories alone does not pay for it. */
async function parse(text: string) {
  const { parseFeed } = await import('feedsmith');
  try {
    return parseFeed(text);
  } catch {
    throw new FeedError('it is not a feed: neither RSS nor Atom nor JSON Feed');
  }
}

function rawItems({ format, feed }: Parsed): readonly Raw[] {
  switch (format) {
    case 'rss':
      return (feed.items ?? []).map((it) => {
        const { title, description: text, link: url, pubDate: date } = it;
        return { id: it.guid?.value ?? url, title, text, url, date };
      });
    case 'atom':
      return (feed.entries ?? []).map((it) => {
        const link = it.links?.find(({ rel }) => rel === undefined || rel === 'alternate');
        const date = it.published ?? it.updated;
        return {
          id: it.id,
          title: it.title?.value,
          text: it.summary?.value ?? it.content?.value,
          url: link?.href,
          date,
        };
      });
    case 'rdf':
      return (feed.items ?? []).map((it) => {
        const { title, description: text, link: url } = it;
        return { id: url, title, text, url, date: it.dc?.dates?.[0] };
      });
    case 'json':
      return (feed.items ?? []).map((it) => {
        const { id, title, content_text: text, url, date_published: date } = it;
        return { id: id ?? url, title, text, url, date };
      });
  }
}

function titleOf({ format, feed }: Parsed): string {
  const title = format === 'atom' ? feed.title?.value : feed.title;
  return plain(title ?? '').slice(0, TITLE_MAX);
}

function nextOf({ format, feed }: Parsed): string | undefined {
  if (format === 'json') return feed.next_url;
  const links = format === 'atom' ? feed.links : feed.atom?.links;
  return links?.find(({ rel }) => rel === 'next')?.href;
}

function itemOf({ id, title, text, url, date }: Raw, base: string): FeedItem {
  const words = plain(title ?? '') || plain(text ?? '') || 'untitled';
  const at = Date.parse(date ?? '');
  return {
    // Without an id of its own, what it says is all there is to know it by.
    id: (id ?? `${words} ${date ?? ''}`).slice(0, ID_MAX),
    title: words.slice(0, TITLE_MAX),
    url: webUrl(url, base),
    at: Number.isFinite(at) ? at : null,
  };
}

/** Text without tags, scripts, and more than one space in a row. */
function plain(text: string): string {
  return text
    .slice(0, 20_000)
    .replace(/<(script|style)\b[^>]*>.*?(<\/\1\s*>|$)/gis, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Only what a browser would open; `javascript:` and `data:` are not links here. */
function webUrl(text: string | undefined, base: string): string | null {
  const url = text === undefined ? null : URL.parse(text, base);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') return null;
  return url.href.replaceAll('`', '%60').slice(0, 2_000);
}
