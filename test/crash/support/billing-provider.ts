import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider that writes its bill before it answers, and answers badly now and then. */
export interface BillingProvider {
  readonly port: number;
  /** Nano-dollars by hold. */
  readonly bill: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Bills between nothing and the bound of each call; `random` decides what goes wrong. */
export async function startBillingProvider(random: () => number): Promise<BillingProvider> {
  const bill = new Map<string, number>();
  const server = createServer((req, res) => {
    const query = new URL(req.url ?? '/', 'http://127.0.0.1').searchParams;
    const cost = Math.floor(random() * (Number(query.get('bound')) + 1));
    const fate = random();
    req.resume();
    if (fate < 0.1) return answer(res, 429, 'slow down');
    const hold = query.get('hold') ?? '';
    if (bill.has(hold)) throw new Error(`hold ${hold} was sent twice`);
    bill.set(hold, cost);
    if (fate < 0.2) return answer(res, 500, 'after the work was done');
    if (fate < 0.25) return void res.socket?.destroy();
    if (fate < 0.3) {
      res.writeHead(200, { 'content-length': 99 });
      return void res.write('cut', () => res.socket?.destroy());
    }
    answer(res, 200, String(cost));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    bill,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { connection: 'close' }).end(text);
}
