import path from 'node:path';
import { generateText } from 'ai';
import { type AgentContext, defineAgent } from 'nightshift';
import { type FeedNews, type SeenItems, feedNews, remembered } from './feeds.ts';
import { type History, readHistory } from './history.ts';
import { type DigestInput, parseInput } from './input.ts';
import { messages, summaryPrompt } from './prompt.ts';
import { type DigestText, type Section, renderDigest } from './render.ts';
import { feedsTitle, renderFeeds } from './render-feeds.ts';
import { RepositoryError } from './repository.ts';

/** What a report remembers for the next one. */
type Memory = {
  /** Head of each repository at the time, by its absolute path. */
  readonly heads: Readonly<Record<string, string>>;
  /** What was told of each feed. */
  readonly feeds: SeenItems;
};

/** A few sentences: picked ones repeat what the list of commits says anyway. */
const PICKED_TOKENS = 100;
const WRITTEN_TOKENS = 400;

export default defineAgent({ input: { parse: parseInput }, run: digest });

async function digest(ctx: AgentContext, { repos, feeds }: DigestInput): Promise<void> {
  const { heads, feeds: seen } = memory(ctx.previous?.data);
  const total = repos.length * 2 + feeds.length + 1;
  let done = 0;
  const sections: Section[] = [];
  for (const repo of repos) {
    ctx.progress(done, total, `reading ${repo}`);
    const read = await tryRead(ctx, repo, heads[path.resolve(repo)] ?? null);
    ctx.progress(++done, total, `summarising ${repo}`);
    const summary = await summarise(ctx, repo, read.history);
    sections.push({ ...read, summary });
    ctx.progress(++done, total, `read ${repo}`);
  }
  const news: FeedNews[] = [];
  for (const url of feeds) {
    ctx.progress(done++, total, `reading ${url}`);
    news.push(await feedNews(ctx, url, seen[url] ?? []));
  }
  if (feeds.length === 0 && sections.every((section) => section.history === null)) {
    throw new RepositoryError(sections.map((section) => section.error).join('; '));
  }
  const { title, body } = textOf(ctx, sections, news);
  const isNews =
    sections.some((section) => (section.history?.commits.length ?? 0) > 0) ||
    news.some(({ items }) => items.length > 0);
  const data: Memory = { heads: headsNow(sections, heads), feeds: remembered(news, seen) };
  await ctx.report({ title, body, data, notify: isNews });
  ctx.progress(total, total, 'reported');
}

/**
 * One repository that cannot be read is a sentence in the report, not the end of the others. The
 * failure is caught outside the step: only what was read is remembered, so a retry reads again.
 */
async function tryRead(
  ctx: AgentContext,
  repo: string,
  since: string | null,
): Promise<Omit<Section, 'summary'>> {
  try {
    const history = await ctx.step(`read ${repo}`, () => readHistory(repo, since));
    return { path: history.path, history, error: null };
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    return { path: repo, history: null, error: error.message };
  }
}

async function summarise(
  ctx: AgentContext,
  repo: string,
  history: History | null,
): Promise<string | null> {
  if (history === null || history.commits.length < 2) return null;
  return ctx.step(`summarise ${repo}`, async () => {
    const model = ctx.model();
    const picked = model.extractive === true;
    const { text } = await generateText({
      model,
      prompt: picked ? messages(history) : summaryPrompt(history),
      maxOutputTokens: picked ? PICKED_TOKENS : WRITTEN_TOKENS,
      maxRetries: 0,
    });
    return text.trim();
  });
}

function madeBy(ctx: AgentContext): string {
  return ctx.model().extractive === true
    ? 'Summaries are sentences picked from the commit messages; no model was asked.'
    : 'Summaries were written by a model from the commit messages; they can be wrong.';
}

/** Repositories first, then feeds; a digest of feeds alone says nothing of repositories. */
function textOf(
  ctx: AgentContext,
  sections: readonly Section[],
  news: readonly FeedNews[],
): DigestText {
  if (sections.length === 0) return { title: feedsTitle(news), body: renderFeeds(news) };
  const { title, body } = renderDigest(sections, madeBy(ctx));
  if (news.length === 0) return { title, body };
  return { title: `${title}; ${feedsTitle(news)}`, body: `${body}\n\n${renderFeeds(news)}` };
}

/** What the last report remembered; a report of another shape remembers nothing. */
function memory(data: unknown): Memory {
  const { heads, feeds } = Object(data) as Partial<Record<keyof Memory, unknown>>;
  const lists = Object.entries(Object(feeds) as Record<string, unknown>).filter(([, ids]) =>
    Array.isArray(ids),
  );
  return {
    heads: Object(heads) as Memory['heads'],
    feeds: Object.fromEntries(lists) as SeenItems,
  };
}

/** A repository that could not be read keeps what was known of it. */
function headsNow(sections: readonly Section[], before: Memory['heads']): Memory['heads'] {
  const now = sections.flatMap(({ path, history }) =>
    history?.head == null ? [] : [[path, history.head] as const],
  );
  return { ...before, ...Object.fromEntries(now) };
}
