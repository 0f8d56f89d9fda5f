import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type WebServer, startWeb } from '@nightshift/fakes';
import { nodeBinary, repoRoot } from '@nightshift/support';

/** `other-model` exists and nobody is allowed it. */
const PRICES = {
  'test-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
  'other-model': { inputNusdPerMTok: 3_000_000_000, outputNusdPerMTok: 15_000_000_000 },
};

interface Addresses {
  readonly model: string;
  readonly ntfy: string;
  readonly discord: string;
  readonly web: string;
}

interface BillRow {
  readonly id: string;
}

interface Statement {
  readonly calls: number;
  readonly totalNusd: number;
  readonly rows: readonly BillRow[];
}

/** The remote ends, in a process of their own under the same clock, and a host nobody may reach. */
export class Remotes {
  readonly #child: ChildProcess;
  readonly #denied: WebServer;
  readonly #bill = new Map<string, BillRow>();
  readonly at: Addresses & { readonly denied: string };

  static async start(env: Readonly<Record<string, string>>): Promise<Remotes> {
    const main = path.join(repoRoot, 'test/fakes/src/main.ts');
    const child = spawn(nodeBinary, [main, '--prices', JSON.stringify(PRICES)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const line = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', () => reject(new Error('the remote ends did not start')));
    });
    const remotes = new Remotes(child, JSON.parse(line) as Addresses, await startWeb());
    await remotes.#post(`${remotes.at.web}/__routes`, { '/page': { body: 'a page' } });
    return remotes;
  }

  private constructor(child: ChildProcess, at: Addresses, denied: WebServer) {
    this.#child = child;
    this.#denied = denied;
    this.at = { ...at, denied: denied.url };
  }

  /** Replaces what the model server will do wrong. */
  scriptModel(faults: readonly object[]): Promise<void> {
    return this.#post(`${this.at.model}/__script`, faults);
  }

  /** Replaces what a receiver of alerts will do wrong. */
  scriptReceiver(which: 'ntfy' | 'discord', faults: readonly object[]): Promise<void> {
    return this.#post(`${new URL(this.at[which]).origin}/__script`, faults);
  }

  /** Takes the bill's newest rows: the server keeps ten thousand. */
  async collectBill(): Promise<Statement> {
    const bill = (await this.#get(`${this.at.model}/__bill`)) as Statement;
    for (const row of bill.rows) this.#bill.set(row.id, row);
    return { ...bill, rows: [...this.#bill.values()] };
  }

  /** Writes down what arrived at each remote end. */
  async save(dir: string): Promise<void> {
    const write = (name: string, value: unknown): void =>
      writeFileSync(path.join(dir, `${name}.json`), JSON.stringify(value));
    write('bill', await this.collectBill());
    write('ntfy', await this.#get(`${this.at.ntfy}/__messages`));
    write('discord', await this.#get(`${new URL(this.at.discord).origin}/__messages`));
    write('web', await this.#get(`${this.at.web}/__requests`));
    write('denied', this.#denied.requests());
  }

  async close(): Promise<void> {
    await this.#denied.close();
    this.#child.kill('SIGTERM');
  }

  async #get(url: string): Promise<unknown> {
    return (await fetch(url)).json();
  }

  async #post(url: string, body: unknown): Promise<void> {
    const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  }
}
