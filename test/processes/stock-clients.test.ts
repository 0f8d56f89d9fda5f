import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Json, SpendRow } from '@nightshift/domain';
import { type BillRow, type ModelServer, type Speech, startModelServer } from '@nightshift/fakes';
import { onCleanup } from '@nightshift/support';
import { expect, test } from 'vitest';
import { fixtureAgent, openSite, QUICK_TIMES, type Site } from './support/site.ts';

const KEY = 'sk-only-the-broker-has-it';

/** Rates of every model here, by the server and by the configuration. */
const RATES = {
  inputNusdPerMTok: 3_000_000_000,
  cachedInputNusdPerMTok: 300_000_000,
  cacheWriteNusdPerMTok: 3_750_000_000,
  cacheWriteLongNusdPerMTok: 6_000_000_000,
  outputNusdPerMTok: 15_000_000_000,
};
const PRICE = `{ inputPerMTok: '$3.00', cachedInputPerMTok: '$0.30', cacheWritePerMTok: '$3.75',
  outputPerMTok: '$15.00' }`;

const SAID = 'It is warm in Bonn tonight.';
const SEE = 'Let me see.';
const CUT = 'It is warm in ';
const BONN = { city: 'Bonn' };

/** What the model says: an object where a schema is asked for, a tool call once, else a sentence. */
function reply(body: Readonly<Record<string, unknown>>): Speech {
  const json = JSON.stringify(body);
  const tools = (body['tools'] ?? []) as readonly { readonly name?: string }[];
  // What stands in for a schema where a model knows none: a tool that must be called.
  if (tools.some(({ name }) => name === 'json')) return { toolCall: tool('json') };
  const told = /"role":"tool"|"type":"(?:tool_result|function_call_output)"/.test(json);
  if (tools.length > 0 && !told) return { text: SEE, toolCall: tool('weather') };
  const object = body['format'] !== undefined || /"json_(?:schema|object)"/.test(json);
  return object ? JSON.stringify(BONN) : SAID;
}

function tool(name: string) {
  return { name, arguments: BONN };
}

const ASKED = {
  whole: SAID,
  stream: CUT,
  object: BONN,
  steps: 2,
  results: ['Bonn: 21 degrees'],
  tools: SAID,
};

/** What each agent has to show for itself, and how many calls that took on the wire. */
const CLIENTS: Readonly<Record<string, { readonly shows: Json; readonly calls: number }>> = {
  openai: {
    calls: 12,
    shows: {
      chat: SAID,
      stream: CUT,
      object: BONN,
      tools: [SAID, SAID],
      response: SAID,
      responseStream: CUT,
      responseTools: SAID,
      embedded: 1,
    },
  },
  anthropic: {
    calls: 8,
    shows: {
      whole: SAID,
      stream: SAID,
      thought: ['thinking', 'text'],
      // Tokens written and read: a prefix is written once, then read.
      caches: [
        [5, 0],
        [5, 0],
        [0, 5],
      ],
      tools: SAID,
    },
  },
  ollama: {
    calls: 8,
    shows: {
      chat: SAID,
      stream: SAID,
      object: BONN,
      generated: SAID,
      generatedStream: SAID,
      tools: SAID,
      embedded: 2,
    },
  },
  'ai-sdk': { calls: 15, shows: { openai: ASKED, anthropic: ASKED, ollama: ASKED } },
  'ai-providers': {
    calls: 22,
    shows: {
      responses: ASKED,
      chat: ASKED,
      compatible: ASKED,
      anthropic: ASKED,
      embedded: [true, 2],
    },
  },
};

test('stock clients in the sandbox: their work is done, and the ledger is the bill', async () => {
  const server = await startModelServer({
    prices: { 'gpt-fake': RATES, 'embed-fake': RATES, 'claude-fake': RATES, 'llama-fake': RATES },
    requireKey: KEY,
    reply,
  });
  onCleanup(() => server.close());
  const site = await openSite(configuration(server.url), { MODEL_KEY: KEY });
  const worker = site.supervise('worker');
  for (const [name, { shows, calls }] of Object.entries(CLIENTS)) {
    const before = server.bill().calls;
    const job = await site.enqueue(name, { openai: `${server.url}/v1`, root: server.url }, 1);
    const { state, lastError } = await site.ended(job);
    expect({ name, state, lastError }).toEqual({ name, state: 'done', lastError: null });
    const [report] = await site.store.reports.list({ agent: name, limit: 1 });
    const { surroundings, ...shown } = (report?.data ?? {}) as Record<string, Json>;
    expect({ name, shown }).toEqual({ name, shown: shows });
    expect(surroundings).toContain('--permission');
    expect(surroundings).not.toContain(KEY);
    const bill = server.bill().rows.slice(before);
    const rows = await site.store.ledger.spendRows({ job, limit: 100 });
    expect({ name, rows: booked(rows) }).toEqual({ name, rows: billed(bill) });
    expect({ name, calls: bill.length }).toEqual({ name, calls });
  }
  expect(server.requests()).toHaveLength(server.bill().calls);
  expect(await site.store.ledger.verify()).toEqual([]);
  expect(worker.starts).toBe(1);
  expect(await worker.stop()).toBe(0);
  expectKeyNowhere(server, site);
});

/** Calls as they are on both sides: model, tokens in and out, nano-dollars. */
function booked(rows: readonly SpendRow[]): string[] {
  return rows
    .map(({ state, model, usage, actualNusd }) => {
      const tokens = [usage?.inputTokens, usage?.cacheWriteTokens, usage?.outputTokens];
      return [state, model, ...tokens, actualNusd].join(' ');
    })
    .toSorted();
}

function billed(rows: readonly BillRow[]): string[] {
  return rows
    .map(({ completed, model, inputTokens, cacheWriteTokens, outputTokens, costNusd }) => {
      const state = completed ? 'settled' : 'cut';
      return [state, model, inputTokens, cacheWriteTokens, outputTokens, costNusd].join(' ');
    })
    .toSorted();
}

/** Every call went out with the key; nothing that stays here has it, the children's least of all. */
function expectKeyNowhere(server: ModelServer, site: Site): void {
  for (const { headers } of server.requests()) {
    expect([KEY, `Bearer ${KEY}`]).toContain(headers['x-api-key'] ?? headers.authorization);
    expect(JSON.stringify(headers)).not.toContain('placeholder');
  }
  const files = readdirSync(site.stateDir, { recursive: true, withFileTypes: true });
  const kept = files.filter((file) => file.isFile() && !file.parentPath.includes('compile-cache'));
  expect(kept.map(({ name }) => name)).toContain('nightshift.db');
  const leaks = kept.filter(({ parentPath, name }) =>
    readFileSync(path.join(parentPath, name)).includes(KEY),
  );
  expect(leaks.map(({ name }) => name)).toEqual([]);
}

function configuration(url: string): string {
  const endpoint = (protocol: string, model: string, baseUrl: string): string =>
    `{ kind: 'endpoint', protocol: '${protocol}', name: '${protocol}', baseUrl: '${baseUrl}',
       model: '${model}', price: ${PRICE}, apiKey: env('MODEL_KEY') }`;
  const agents = Object.keys(CLIENTS).map(
    (name) => `'${name}': { entry: ${JSON.stringify(fixtureAgent(`clients/${name}`))},
      allow: { models: ['gpt', 'embedding', 'claude', 'llama'] } }`,
  );
  return `{
    timezone: 'UTC',
    budget: { perDay: '$50.00' },
    times: ${JSON.stringify(QUICK_TIMES)},
    models: {
      gpt: ${endpoint('openai', 'gpt-fake', `${url}/v1`)},
      embedding: ${endpoint('openai', 'embed-fake', `${url}/v1`)},
      claude: ${endpoint('anthropic', 'claude-fake', `${url}/v1`)},
      llama: ${endpoint('ollama', 'llama-fake', url)},
    },
    agents: { ${agents.join(',\n')} },
  }`;
}
