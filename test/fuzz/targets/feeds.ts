import { FeedError, readFeed } from '../../../packages/digest/src/feed.ts';
import { renderFeeds } from '../../../packages/digest/src/render-feeds.ts';
import { mutatedText } from '../mutate.ts';
import { defineTarget } from '../target.ts';

const BASE = 'https://feed.test/news';
const FEEDS = [
  `<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>News</title><link>https://feed.test/</link><atom:link rel="next" href="?page=2"/>
<item><title>One &amp; <![CDATA[<b>two</b>]]></title><link>/a</link><guid>g1</guid>
<pubDate>Mon, 23 Nov 2026 08:00:00 GMT</pubDate><description>&lt;p&gt;text&lt;/p&gt;</description></item>
<item><title>Three</title><link>https://feed.test/b</link></item></channel></rss>`,
  `<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A</title>
<link rel="next" href="/older"/><entry><id>urn:1</id><title>T</title><link href="https://feed.test/1"/>
<updated>2026-11-23T08:00:00Z</updated><summary type="html">S</summary></entry></feed>`,
  `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
<channel rdf:about="x"><title>R</title><link>https://feed.test</link></channel>
<item rdf:about="i"><title>I</title><link>https://feed.test/i</link></item></rdf:RDF>`,
  JSON.stringify({
    version: 'https://jsonfeed.org/version/1.1',
    title: 'J',
    next_url: '/2',
    items: [{ id: '1', url: 'https://feed.test/1', title: 'T', content_text: 'x' }],
  }),
];
const WORDS = [
  '<item>',
  '</item>',
  '<title>',
  '</title>',
  '<entry>',
  '<![CDATA[',
  ']]>',
  '<!--',
  '<script',
  '<script>',
  '&lt;',
  '&lt;script',
  '&#x1b;',
  '&#0;',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '&b;',
  'javascript:alert(1)',
  'data:text/html,x',
  '](http://x)',
  '<guid>',
  '<link/>',
];

/** A feed is read in bounded time or refused; what is told of it is text that does nothing. */
export const feeds = defineTarget('feeds', 40, mutatedText(FEEDS, WORDS), async (text) => {
  let page;
  try {
    page = await readFeed(text, BASE);
  } catch (thrown) {
    if (thrown instanceof FeedError) return;
    throw thrown;
  }
  const urls = [page.next, ...page.items.map((it) => it.url)].filter((it) => it !== null);
  const odd = urls.find((it) => !/^https?:\/\/[^`\s]*$/.test(it));
  if (odd !== undefined) throw new Error(`not an address: ${odd}`);
  const news = {
    url: BASE,
    title: page.title,
    items: page.items,
    ids: [],
    cut: false,
    error: null,
  };
  const told = renderFeeds([news]);
  const active = told.replace(/\\[\\`*_[\]<>]/g, '').replace(/ {2}`https?:[^`]*`(?=\n|$)/g, '');
  const found = /[`*_[\]<>]/.exec(active);
  if (found !== null) throw new Error(`told with markup: ${found[0]}`);
  JSON.stringify(page);
});
