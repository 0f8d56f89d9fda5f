import { describe, expect, test } from 'vitest';
import { mistakesOf } from '../../test/parse.ts';
import { ntfy } from './index.ts';

describe('channels', () => {
  const withChannels = (...channels: unknown[]) => mistakesOf({ agents: {}, alerts: { channels } });

  test('are told apart by their names', () => {
    expect(withChannels(ntfy({ topic: 'a' }), ntfy({ topic: 'b' }))[0]).toContain(
      'is called ntfy too',
    );
    expect(withChannels(ntfy({ topic: 'a' }), ntfy({ topic: 'b', name: 'b' }))).toEqual([]);
  });

  test('are not told twice', () => {
    const again = ntfy({ topic: 'a', name: 'again' });
    expect(withChannels(ntfy({ topic: 'a' }), again)[0]).toContain('is the same channel as ntfy');
  });

  test('take secrets by name only', () => {
    const written = { kind: 'ntfy', topic: 'a', token: 'tk_written' };
    const found = withChannels(written);
    expect(found[0]).toContain("alerts.channels[0].token: is written out: write env('NAME')");
    expect(found[0]).not.toContain('tk_written');
  });
});
