import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startDiscord } from './discord.ts';
import { startModelServer } from './model-server.ts';
import type { PriceTable } from './model/bill.ts';
import { startNtfy } from './ntfy.ts';
import { startWeb } from './web.ts';

/*
 * Starts all four remote ends, prints one JSON line with their addresses, and serves until
 * SIGTERM or SIGINT.
 *
 *   node test/fakes/src/main.ts [--port-model N] [--port-ntfy N] [--port-discord N] [--port-web N]
 *     [--prices '{"model":{"inputNusdPerMTok":N,"outputNusdPerMTok":N}}'] [--reply TEXT]
 *     [--require-key KEY] [--ntfy-token TOKEN]
 */

/** Three dollars a million tokens in, fifteen out. */
const DEFAULT_PRICES: PriceTable = {
  'fake-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
};

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    'port-model': text,
    'port-ntfy': text,
    'port-discord': text,
    'port-web': text,
    prices: text,
    reply: text,
    'require-key': text,
    'ntfy-token': text,
  },
});

const prices =
  values.prices === undefined ? DEFAULT_PRICES : (JSON.parse(values.prices) as PriceTable);
const model = await startModelServer({
  prices,
  port: Number(values['port-model'] ?? 0),
  requireKey: values['require-key'],
  reply: values.reply,
});
const ntfy = await startNtfy({
  port: Number(values['port-ntfy'] ?? 0),
  token: values['ntfy-token'],
});
const discord = await startDiscord({ port: Number(values['port-discord'] ?? 0) });
const web = await startWeb({ port: Number(values['port-web'] ?? 0) });

const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);

const addresses = {
  pid: process.pid,
  model: model.url,
  ntfy: ntfy.url,
  discord: discord.webhookUrl,
  web: web.url,
};
process.stdout.write(`${JSON.stringify(addresses)}\n`);

await stopped;
await Promise.all([model.close(), ntfy.close(), discord.close(), web.close()]);
