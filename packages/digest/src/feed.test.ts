import { describe, expect, test } from 'vitest';
import { testAgent } from 'nightshift/testing';
import digest from './digest.ts';
import { FEED_MAX_CHARS, readFeed } from './feed.ts';

const BASE = 'http://feeds.test/all';

/** An RSS feed of items with these ids, and where the older ones are. */
function rss(ids: readonly (string | number)[], next?: string): string {
  const items = ids.map((id) => `<item><guid>${id}</guid><title>Item ${id}</title></item>`);
  const link = next === undefined ? '' : `<atom:link rel="next" href="${next}"/>`;
  return (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>News</title>' +
    `${link}${items.join('')}</channel></rss>`
  );
}

/** Runs the digest over pages by their address. */
async function run(pages: Record<string, string | Error>, previous: unknown = null) {
  const asked: string[] = [];
  const fetch = (async (input: string) => {
    asked.push(input);
    const page = pages[input];
    if (page instanceof Error) throw page;
    return new Response(page ?? 'gone', { status: page === undefined ? 404 : 200 });
  }) as typeof globalThis.fetch;
  const run = await testAgent(digest, {
    input: { feeds: [BASE] },
    fetch,
    previous: previous === null ? null : { at: new Date(0), data: previous as never },
  });
  return { report: run.reports[0]!, asked };
}

describe('a feed', () => {
  test('is read whatever its format, as plain text with web addresses', async () => {
    const atom =
      '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>e</id>' +
      '<title type="html">&lt;b&gt;One&lt;/b&gt;  two</title><link href="/e"/>' +
      '<updated>2026-11-21T10:00:00Z</updated></entry></feed>';
    const entry = { id: 'e', title: 'One two', url: 'http://feeds.test/e' };
    const at = Date.parse('2026-11-21T10:00:00Z');
    expect((await readFeed(atom, BASE)).items).toEqual([{ ...entry, at }]);
    const json = JSON.stringify({
      version: 'https://jsonfeed.org/version/1.1',
      title: 'J',
      next_url: '?page=2',
      items: [{ id: '1', content_text: 'Only text', url: 'javascript:alert(1)' }],
    });
    expect(await readFeed(json, BASE)).toEqual({
      title: 'J',
      items: [{ id: '1', title: 'Only text', url: null, at: null }],
      next: 'http://feeds.test/all?page=2',
    });
    expect((await readFeed(rss(['g']), BASE)).items).toMatchObject([{ id: 'g', title: 'Item g' }]);
  });

  test.each(['', 'hello', '<html><body>x</body></html>', '{}', '{"version":1', '<rss><chan'])(
    'is not what looks like %s',
    async (text) => {
      await expect(readFeed(text, BASE)).rejects.toThrow('it is not a feed');
    },
  );

  test('that is too long is not parsed, and entities do not unfold', async () => {
    await expect(readFeed(' '.repeat(FEED_MAX_CHARS + 1), BASE)).rejects.toThrow('longer');
    const levels = Array.from({ length: 9 }, (_, i) => {
      const inner = i === 0 ? 'lol' : `&e${i - 1};`.repeat(10);
      return `<!ENTITY e${i} "${inner}">`;
    });
    const bomb = `<!DOCTYPE x [${levels.join('')}]>${rss(['&e8;'])}`;
    const [item] = (await readFeed(bomb, BASE)).items;
    expect(item?.title.length).toBeLessThan(100);
  });
});

describe('the digest of feeds', () => {
  test('tells the newest the first time, then only what is new, and says when nothing is', async () => {
    const many = Array.from({ length: 30 }, (_, i) => 30 - i);
    const first = await run({ [BASE]: rss(many) });
    expect(first.report.title).toBe('10 new items in 1 feed');
    expect(first.report.body).toContain('- Item 30\n');
    expect(first.report.notify).toBe(true);
    const later = await run({ [BASE]: rss([32, 31, ...many]) }, first.report.data);
    // What was older than the first look shows is not news now either.
    expect(later.report.title).toBe('2 new items in 1 feed');
    const quiet = await run({ [BASE]: rss([32, 31, ...many]) }, later.report.data);
    expect(quiet.report).toMatchObject({ title: 'nothing new in 1 feed', notify: false });
  });

  test('follows pages back to what was told, and no further than its limits', async () => {
    const before = { heads: {}, feeds: { [BASE]: ['old'] } };
    const second = `${BASE}?page=2`;
    const pages = { [BASE]: rss(['b'], second), [second]: rss(['a', 'old'], `${BASE}?page=3`) };
    const { report, asked } = await run(pages, before);
    expect(asked).toEqual([BASE, second]);
    expect(report.title).toBe('2 new items in 1 feed');
    const endless: Record<string, string> = { [BASE]: rss([0], `${BASE}?p=1`) };
    for (let i = 1; i < 50; i++) endless[`${BASE}?p=${i}`] = rss([i], `${BASE}?p=${i + 1}`);
    const cut = await run(endless, before);
    expect(cut.asked).toHaveLength(5);
    expect(cut.report.body).toContain('There is more that is new than is told here.');
    const circle = await run({ [BASE]: rss(['x'], BASE) }, before);
    expect(circle.asked).toEqual([BASE]);
  });

  test('tells a feed that is none, or cannot be had, in a sentence, and forgets nothing', async () => {
    const before = { heads: {}, feeds: { [BASE]: ['old'] } };
    for (const [page, sentence] of [
      ['<html></html>', 'it is not a feed'],
      [new Error('no route'), 'no route'],
    ] as const) {
      const { report } = await run({ [BASE]: page }, before);
      expect(report.body).toContain(`Could not be read: ${sentence}`);
      expect(report.data).toEqual(before);
    }
    expect((await run({})).report.body).toContain('its server answered 404');
  });

  test('ends with a refusal that is about the job and not about the feed', async () => {
    const halted = Object.assign(new Error('halted'), {
      code: 'refused',
      refusal: { reason: 'halted' },
    });
    await expect(run({ [BASE]: halted })).rejects.toBe(halted);
  });

  test('keeps hostile markup from becoming anything', async () => {
    const hostile =
      '<rss version="2.0"><channel><title># [x](http://evil.test)</title><item><guid>1</guid>' +
      '<title>&lt;img src=x onerror=alert(1)&gt; ![p](http://evil.test/pixel) **@everyone** `x`' +
      '</title><link>http://evil.test/`id`</link></item></channel></rss>';
    const { report } = await run({ [BASE]: hostile });
    expect(report.body).toContain(String.raw`## # \[x\](http://evil.test)`);
    expect(report.body).toContain(String.raw`- !\[p\](http://evil.test/pixel) \*\*@everyone\*\*`);
    expect(report.body).not.toContain('<img');
    expect(report.body).toContain('`http://evil.test/%60id%60`');
  });
});
