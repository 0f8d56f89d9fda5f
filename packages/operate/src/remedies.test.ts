import { expect, test } from 'vitest';
import { parseUsd } from '@nightshift/domain';
import { claimedJob, openSite } from '../test/site.ts';
import { explainPrices } from './prices.ts';
import { acceptClock, correctSpend, raiseBudget } from './remedies.ts';
import { exportSpend } from './spend-export.ts';

/** A call that was cut, by an agent whose step has a name nobody would choose. */
async function presumedCall() {
  const site = await openSite();
  const { installation, clock } = site;
  const { ledger } = await installation.store();
  const settings = await installation.settings();
  await ledger.setBudgets(settings.budgets, 1, 'UTC');
  const { job, attempt, token: leaseToken } = await claimedJob(installation, 'k');
  const answer = await ledger.reserve({
    principal: { job, attempt, agent: 'digest', instance: 'worker-1', leaseToken },
    step: '=cmd("x"),\n2',
    ordinal: 0,
    endpoint: 'local',
    model: 'small',
    priceVersion: 'own:1',
    boundNusd: parseUsd('$0.25'),
    requestHash: 'h',
  });
  if (!('hold' in answer)) throw new Error(answer.refused.message);
  const { id } = answer.hold;
  await ledger.sent(id);
  await ledger.end(id, { outcome: 'cut' });
  return { ...site, id, clock };
}

async function linesOf(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

test('an export has one line a call, exact money, and no formula of somebody else', async () => {
  const { installation, id } = await presumedCall();
  const [head, line, ...more] = await linesOf(exportSpend(installation, { sinceAt: 0 }));
  expect(more).toEqual([]);
  expect(head).toMatch(/^id,day,taken_at/);
  expect(line).toContain(`${id},2026-11-22,2026-11-22T12:00:00.000Z`);
  expect(line).toContain(`"'=cmd(""x""),\n2",0,local,small,own:1,presumed,cut,,0.25,,0.25`);
});

test('a correction and a raise need an amount and a reason, and leave an audit row', async () => {
  const { installation, id } = await presumedCall();
  const reason = 'the invoice says so';
  for (const to of ['$1,00', '$-1', '$1e3', '$0.1234567891', '1.00', '']) {
    await expect(correctSpend(installation, { id, to, reason })).rejects.toMatchObject({
      code: 'bad-money',
      exitCode: 64,
    });
    await expect(raiseBudget(installation, { by: to, reason })).rejects.toMatchObject({
      code: 'bad-money',
    });
  }
  const wordless = correctSpend(installation, { id, to: '$0.01', reason: ' ' });
  await expect(wordless).rejects.toMatchObject({ code: 'bad-reason' });
  for (const by of ['$0.00', '$10000.01']) {
    await expect(raiseBudget(installation, { by, reason })).rejects.toMatchObject({
      code: 'bad-money',
    });
  }
  expect(await correctSpend(installation, { id, to: '$0.01', reason })).toMatchObject({
    fromNusd: parseUsd('$0.25'),
    toNusd: parseUsd('$0.01'),
  });
  expect(await raiseBudget(installation, { by: '$0.50', reason })).toMatchObject({
    scope: 'global',
    capNusd: parseUsd('$1.50'),
  });
  const agent = raiseBudget(installation, { by: '$1.00', agent: 'digets', reason });
  await expect(agent).rejects.toMatchObject({ code: 'unknown-agent' });
  await acceptClock(installation);
  const audit = await (await installation.store()).audit.list(3);
  expect(audit.map(({ action, actor }) => [actor, action])).toEqual([
    ['person:ada', 'clock.accept'],
    ['person:ada', 'budget.raise'],
    ['person:ada', 'spend.correct'],
  ]);
});

test('a price is explained where nothing is configured, and an endpoint that is none is named', async () => {
  const { installation } = await openSite();
  const answer = await explainPrices(installation, { model: 'gpt-4o' });
  expect(answer.prices).toMatchObject([{ endpoint: 'api.openai.com', configured: false }]);
  expect(answer.unknown).toMatchObject([{ endpoint: 'api.anthropic.com' }]);
  const named = explainPrices(installation, { model: 'gpt-4o', endpoint: 'x' });
  await expect(named).rejects.toMatchObject({ code: 'unknown-endpoint' });
});
