import { type SpendRow, sanitiseLine } from '@nightshift/domain';
import { type FirstLook, ledgerTotals } from '@nightshift/operate';
import { dollars, usd } from '../print/dollars.ts';
import type { Printer } from '../printer.ts';
import { wrap } from '../print/width.ts';

const BAR_WIDTH = 30;

export type RunawayShown = {
  readonly job: string;
  readonly state: string;
  readonly refusedBy: string | null;
  readonly calls: number;
  readonly settledUsd: number;
  readonly heldUsd: number;
  readonly presumedUsd: number;
  readonly capUsd: number;
  readonly server: { readonly calls: number; readonly billedUsd: number };
};

/** Lets an agent loop against its cap: calls go through, then one is refused. */
export async function showRunaway(printer: Printer, look: FirstLook): Promise<RunawayShown> {
  const { installation, endpoint } = look;
  const { paint } = printer;
  const name = paint('strong', 'A runaway');
  printer.line(
    `${paint('accent', '2')} ${name}: it asks a model again and again, with a cap of $0.05`,
  );
  printer.line(
    `  ${paint('dim', `the model is a stand-in at ${endpoint.baseUrl} that bills like a dear one`)}`,
  );
  printer.line();
  let shown = 0;
  const job = await look.run('runaway', async (now) => {
    const { calls, capNusd } = await ledgerTotals(installation, now.id);
    const ended = calls.filter((it) => it.state !== 'held');
    for (; shown < ended.length; shown++) printCall(printer, ended, shown, capNusd);
  });
  const totals = await ledgerTotals(installation, job.id);
  const bill = endpoint.bill();
  printer.line();
  printRefusal(printer, job.lastError?.message ?? `the job is ${job.state}`);
  const parts = [
    `${dollars(totals.settledNusd)} settled`,
    `${dollars(totals.heldNusd)} held`,
    `${dollars(totals.presumedNusd)} presumed`,
  ];
  printer.line(
    `  ledger   ${totals.calls.length} calls, ${parts.join(' + ')} of ${dollars(totals.capNusd)}`,
  );
  const agree = bill.billedNusd === totals.settledNusd && bill.calls === totals.calls.length;
  const verdict = agree
    ? paint('good', 'the same to the nano-dollar')
    : paint('bad', 'they differ: please report this');
  printer.line(`  server   ${bill.calls} calls, ${dollars(bill.billedNusd)} billed: ${verdict}`);
  printer.line();
  return {
    job: job.id,
    state: job.state,
    refusedBy: job.lastError?.code ?? null,
    calls: totals.calls.length,
    settledUsd: usd(totals.settledNusd),
    heldUsd: usd(totals.heldNusd),
    presumedUsd: usd(totals.presumedNusd),
    capUsd: usd(totals.capNusd),
    server: { calls: bill.calls, billedUsd: usd(bill.billedNusd) },
  };
}

function printCall(
  printer: Printer,
  calls: readonly SpendRow[],
  index: number,
  capNusd: number,
): void {
  const { paint } = printer;
  const spent = (it: SpendRow): number => it.actualNusd ?? it.boundNusd;
  const sum = calls.slice(0, index + 1).reduce((total, it) => total + spent(it), 0);
  const full = Math.min(BAR_WIDTH, Math.round((sum / capNusd) * BAR_WIDTH));
  const tone = sum * 5 >= capNusd * 4 ? 'warn' : 'accent';
  const bar = paint(tone, '█'.repeat(full)) + paint('dim', '░'.repeat(BAR_WIDTH - full));
  const number = String(index + 1).padStart(2);
  printer.line(`  call ${number}  ${bar}  ${dollars(sum)}`);
}

function printRefusal(printer: Printer, message: string): void {
  const { paint, width } = printer;
  const text = sanitiseLine(message, 400);
  const lines = width === null ? [text] : wrap(text, Math.max(30, Math.min(width, 100) - 11));
  lines.forEach((it, i) =>
    printer.line(`  ${i === 0 ? paint('bad', 'REFUSED') : '       '}  ${it}`),
  );
}
