import fc from 'fast-check';
import { DEFAULT_EGRESS_LIMITS } from '../../../packages/broker/src/egress/limits.ts';
import { Robots } from '../../../packages/broker/src/egress/robots.ts';
import { mutatedBytes } from '../mutate.ts';
import { defineTarget } from '../target.ts';

const FILES = [
  'User-agent: *\nDisallow: /private\nAllow: /private/ok$\nCrawl-delay: 2\n',
  'User-agent: nightshift\nDisallow: /*.pdf$\nDisallow: /a*b*c\n\nUser-agent: *\nDisallow: /\n',
  'Sitemap: https://a.test/s.xml\r\nUser-agent: a\r\nUser-agent: nightshift\r\nDisallow:\r\n',
];
const WORDS = [
  'Disallow: ',
  'Allow: /',
  'User-agent: nightshift\n',
  'Crawl-delay: ',
  '*',
  '/*',
  '$',
  '*a',
  '%2F',
  '#',
];

const inputs = fc.record({
  bytes: mutatedBytes(FILES, WORDS),
  path: fc.oneof(
    fc.webPath(),
    fc.constantFrom('/', '/private/ok', `/${'a'.repeat(2_000)}`, '/%', '/a%2Fb?c=d'),
  ),
});
const clock = { now: () => 0, monotonic: () => 0 };

/** Whatever a host says in robots.txt, it is a yes, a no, or a wait of bounded length, soon. */
export const robots = defineTarget('robots', 40, inputs, async ({ bytes, path }) => {
  const asked = new Robots(DEFAULT_EGRESS_LIMITS, clock);
  const body = Buffer.from(bytes).subarray(0, DEFAULT_EGRESS_LIMITS.robotsBytes);
  const landed = { status: 200, headers: [], body } as never;
  const word = await asked.ask(new URL(`https://a.test${path}`), async () => landed);
  if (word.kind === 'disallowed') return;
  if (word.kind === 'unknown') throw new Error('a file that was read is not unknown');
  const { crawlDelayMs } = word;
  const bounded = crawlDelayMs >= 0 && crawlDelayMs <= DEFAULT_EGRESS_LIMITS.crawlDelayMaxMs;
  if (!bounded) throw new Error(`a delay of ${crawlDelayMs} ms`);
});
