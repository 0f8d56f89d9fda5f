import { Agent, request } from 'undici';
import type { Bench, Group, Results } from '../benchmark.ts';
import { type Measured, atMostMore } from '../row.ts';
import { median, summarise } from '../statistics.ts';
import { type ModelScene, chatRequest, openModelScene } from '../support/model-scene.ts';

const CALLS_A_ROUND = 100;
const STREAMS_A_ROUND = 10;
/** Tokens of one answer, each an event of the stream. */
const TOKENS = 2_000;
const NEVER = new AbortController().signal;

/** What stands between an agent and its provider, against a call without it. */
export const broker: Group = { ids: ['broker.first_byte', 'broker.chunk'], run };

/** One answer: ms to its first byte, and from there to its last. */
interface Times {
  readonly firstMs: number;
  readonly restMs: number;
}

type Call = (n: number, tokens: number) => Promise<Times>;

async function run(bench: Bench): Promise<Results> {
  const scene = await openModelScene(bench.workspace, 'word '.repeat(TOKENS).trim());
  const direct = new Agent({ allowH2: false });
  bench.workspace.onClose(() => direct.destroy());
  const sides = { ours: brokered(scene), peer: directly(scene, direct) };
  const rows: Measured[] = [];
  if (bench.wants('broker.first_byte')) rows.push(await firstByte(bench, sides));
  if (bench.wants('broker.chunk')) rows.push(await chunks(bench, sides));
  return { rows };
}

interface Sides {
  readonly ours: Call;
  readonly peer: Call;
}

async function firstByte({ rounds }: Bench, sides: Sides): Promise<Measured> {
  const { ours, peer } = await inTurns(sides, rounds, CALLS_A_ROUND, 5);
  const mine = ours.map(({ firstMs }) => firstMs);
  const { low, high, count } = summarise(mine);
  return {
    id: 'broker.first_byte',
    unit: 'ms',
    ours: median(mine),
    spread: [low, high],
    peer: { name: 'undici, kept alive', value: median(peer.map(({ firstMs }) => firstMs)) },
    budget: atMostMore(3),
    note: `${count} streamed calls of each side; ours makes three commits and a new connection`,
  };
}

async function chunks({ rounds }: Bench, sides: Sides): Promise<Measured> {
  const { ours, peer } = await inTurns(sides, rounds, STREAMS_A_ROUND, TOKENS);
  const mine = ours.map(({ restMs }) => restMs / TOKENS);
  const { low, high, count } = summarise(mine);
  return {
    id: 'broker.chunk',
    unit: 'ms',
    ours: median(mine),
    spread: [low, high],
    peer: { name: 'undici', value: median(peer.map(({ restMs }) => restMs / TOKENS)) },
    budget: atMostMore(0.05),
    note: `mean of ${TOKENS} chunks of a stream, ${count} streams of each side, last commit included`,
  };
}

let calls = 0;

async function inTurns(
  sides: Sides,
  rounds: number,
  perRound: number,
  tokens: number,
): Promise<{ ours: Times[]; peer: Times[] }> {
  const times = { ours: [] as Times[], peer: [] as Times[] };
  for (let n = 0; n < (rounds + 1) * perRound; n++) {
    const order = n % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const);
    for (const side of order) {
      const took = await sides[side](calls++, tokens);
      if (n >= perRound) times[side].push(took);
    }
  }
  return times;
}

function brokered({ broker, principal, url }: ModelScene): Call {
  return async (n, tokens) => {
    const startedAt = performance.now();
    const { body } = await broker.handle(principal, chatRequest(url, n, tokens), NEVER);
    return timesOf(body, startedAt);
  };
}

function directly({ url }: ModelScene, dispatcher: Agent): Call {
  return async (n, tokens) => {
    const { method, headers, body } = chatRequest(url, n, tokens);
    const startedAt = performance.now();
    const answer = await request(url, {
      method: method as 'POST',
      headers: Object.fromEntries(headers),
      body,
      dispatcher,
    });
    return timesOf(answer.body, startedAt);
  };
}

async function timesOf(body: AsyncIterable<Uint8Array>, startedAt: number): Promise<Times> {
  let firstAt = Number.NaN;
  for await (const chunk of body) if (Number.isNaN(firstAt) && chunk.length > 0) firstAt = now();
  return { firstMs: firstAt - startedAt, restMs: now() - firstAt };
}

function now(): number {
  return performance.now();
}
