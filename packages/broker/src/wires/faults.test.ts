import type { ModelFault } from '@nightshift/fakes';
import type { EndpointProtocol } from '@nightshift/domain';
import { expect, test } from 'vitest';
import { NEVER, openRig, PERSON, post, RATES, textOf } from '../../test/rig.ts';

/* Every wire against a provider that does wrong: what is booked is never below what it charges. */

const messages = [{ role: 'user', content: 'What happened last night?' }];
const input = 'What happened last night?';
const stream = true;

const wires: Record<string, [EndpointProtocol, string, Record<string, unknown>]> = {
  'chat completions': ['openai', '/v1/chat/completions', { messages, stream, max_tokens: 50 }],
  responses: ['openai', '/v1/responses', { input, stream, max_output_tokens: 50 }],
  messages: ['anthropic', '/v1/messages', { messages, stream, max_tokens: 50 }],
  'Ollama chat': ['ollama', '/api/chat', { messages, stream, options: { num_predict: 50 } }],
  'Ollama generate': ['ollama', '/api/generate', { prompt: input, stream, options: {} }],
  'whole responses': ['openai', '/v1/responses', { input, max_output_tokens: 50 }],
  'whole messages': ['anthropic', '/v1/messages', { messages, max_tokens: 50 }],
  embeddings: ['openai', '/v1/embeddings', { input }],
  'Ollama embed': ['ollama', '/api/embed', { input }],
};

const faults: Record<string, [ModelFault, 'presumed' | 'released' | 'settled']> = {
  'cut in the middle': [{ cutAfterChunks: 3 }, 'presumed'],
  'without usage': [{ omitUsage: true }, 'presumed'],
  'an error inside of 200': [{ errorBodyWith200: true, accepted: true }, 'presumed'],
  'another body altogether': [{ body: '<p>busy</p>', contentType: 'text/html' }, 'presumed'],
  'billed and then failed': [{ status: 502, accepted: true }, 'presumed'],
  'refused unbilled': [{ status: 400 }, 'released'],
  'more than was asked for': [{ replyTokens: 400, ignoreLimit: true }, 'settled'],
};

test.each(Object.entries(wires))(
  '%s: whatever goes wrong, nothing is under-counted',
  async (_, call) => {
    const [protocol, path, body] = call;
    const rig = await openRig({ broker: { limits: { tries: 1 } } });
    const baseUrl = protocol === 'ollama' ? rig.server.url : `${rig.server.url}/v1`;
    const own = { kind: 'own', rates: RATES } as const;
    const endpoint = { name: 'e', protocol, baseUrl, apiKey: { env: 'MODEL_KEY' } };
    const broker = rig.another({
      endpoints: [{ ...endpoint, models: { paid: own } }],
      models: { paid: { kind: 'endpoint', endpoint: 'e', model: 'paid' } },
    });
    for (const [fault, [script, state]] of Object.entries(faults)) {
      rig.clock.advance(1);
      rig.server.script([script]);
      const before = rig.server.bill().totalNusd;
      // A step of its own: a failure that was given up on is remembered for the same request.
      const asked = { ...body, model: 'paid' };
      const request = post(`${rig.server.url}${path}`, asked, { step: fault });
      const answer = broker.handle(rig.who, request, NEVER).then(textOf);
      await answer.catch((error: Error) => error.message);
      const charged = rig.server.bill().totalNusd - before;
      const [row] = await rig.store.ledger.spendRows({ limit: 1 });
      expect([fault, row?.state]).toEqual([fault, state]);
      const booked = { settled: row?.actualNusd, presumed: row?.boundNusd, released: 0, held: NaN };
      expect(booked[row!.state]).toBeGreaterThanOrEqual(charged);
      const exact = state === 'settled' ? charged : booked[row!.state];
      expect([fault, booked[row!.state]]).toEqual([fault, exact]);
      await rig.store.breakers.reset('e', PERSON);
    }
    expect(await rig.rows()).toHaveLength(Object.keys(faults).length);
  },
);
