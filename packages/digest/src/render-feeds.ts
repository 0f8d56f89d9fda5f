import type { FeedItem } from './feed.ts';
import type { FeedNews } from './feeds.ts';
import { inert, plural } from './inert.ts';

/** What is new in the feeds, as Markdown; '' without any. */
export function renderFeeds(news: readonly FeedNews[]): string {
  return news.map(section).join('\n\n');
}

/** `4 new items in 2 feeds`, for the title; '' without any feed. */
export function feedsTitle(news: readonly FeedNews[]): string {
  if (news.length === 0) return '';
  const items = news.reduce((n, it) => n + it.items.length, 0);
  return `${items === 0 ? 'nothing new' : plural(items, 'new item')} in ${plural(news.length, 'feed')}`;
}

function section({ url, title, items, cut, error }: FeedNews): string {
  const name = title === '' ? (URL.parse(url)?.host ?? url) : title;
  const parts = [`## ${inert(name)}`];
  if (error !== null) parts.push(`Could not be read: ${inert(error)}`);
  else if (items.length === 0) parts.push('Nothing new since the last report.');
  else parts.push(items.map(line).join('\n'));
  if (cut) parts.push('There is more that is new than is told here.');
  return parts.join('\n\n');
}

/** The address stands as code: nothing makes a link of it, and nothing loads it. */
function line({ title, url, at }: FeedItem): string {
  const day = at === null ? '' : `, ${new Date(at).toISOString().slice(0, 10)}`;
  return `- ${inert(title)}${day}${url === null ? '' : `  \`${url}\``}`;
}
