/** What a model costs here, in integer nano-dollars per million tokens. */
export interface ModelPrice {
  readonly inputNusdPerMTok: number;
  readonly outputNusdPerMTok: number;
  /** Input that was read from a cache; the rate of input if absent. */
  readonly cachedInputNusdPerMTok?: number;
  /** Input that was written to a cache for five minutes; the rate of input if absent. */
  readonly cacheWriteNusdPerMTok?: number;
  /** Input that was written to a cache for an hour; twice the rate of input if absent. */
  readonly cacheWriteLongNusdPerMTok?: number;
}

/** Prices by model name. A model without a price does not exist on this server. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

/** What is counted of a call. */
export interface Meters {
  /** All input: fresh, read from a cache, and written to one. */
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  /** The part of `cacheWriteTokens` that is kept for an hour. */
  readonly cacheWriteLongTokens: number;
  /** What has been generated so far, thinking included. */
  readonly outputTokens: number;
  /** The part of the whole reply that is thinking. */
  readonly thinkingTokens: number;
}

/** One accepted call. */
export interface BillRow extends Meters {
  readonly id: string;
  /** Epoch ms of the moment the call was accepted. */
  readonly at: number;
  /** The model that served, and is charged. */
  readonly model: string;
  readonly path: string;
  /** Integer nano-dollars, rounded up. */
  readonly costNusd: number;
  /** The whole output was generated and its last byte handed to the wire. */
  readonly completed: boolean;
  readonly requestBody: unknown;
}

/** What the provider would charge. */
export interface BillStatement {
  /** Accepted calls since the start. */
  readonly calls: number;
  /** Integer nano-dollars over all of them. */
  readonly totalNusd: number;
  /** The newest rows, oldest first. */
  readonly rows: readonly BillRow[];
}

/** Old rows are dropped beyond this many; `calls` and `totalNusd` go on counting them. */
const KEEP_ROWS = 10_000;

const TOKENS_PER_MTOK = 1_000_000n;

/** The price of what was counted, in nano-dollars, rounded up. Throws beyond 2^53. */
export function costNusd(price: ModelPrice, meters: Omit<Meters, 'thinkingTokens'>): number {
  const { inputNusdPerMTok: fresh, outputNusdPerMTok } = price;
  const written = meters.cacheWriteTokens;
  const long = meters.cacheWriteLongTokens;
  const lines = [
    [meters.inputTokens - meters.cachedInputTokens - written, fresh],
    [meters.cachedInputTokens, price.cachedInputNusdPerMTok ?? fresh],
    [written - long, price.cacheWriteNusdPerMTok ?? fresh],
    [long, price.cacheWriteLongNusdPerMTok ?? 2 * fresh],
    [meters.outputTokens, outputNusdPerMTok],
  ] as const;
  if (lines.some(([tokens]) => tokens < 0)) throw new RangeError('parts beyond their whole');
  const sum = lines.reduce((so, [tokens, rate]) => so + BigInt(tokens) * BigInt(rate), 0n);
  const cost = Number((sum + TOKENS_PER_MTOK - 1n) / TOKENS_PER_MTOK);
  if (!Number.isSafeInteger(cost)) throw new RangeError('a cost beyond 2^53 nano-dollars');
  return cost;
}

/** Throws unless each rate is a whole, non-negative number. */
export function assertPrices(prices: PriceTable): void {
  for (const [model, price] of Object.entries(prices)) {
    for (const rate of Object.values(price)) {
      if (Number.isSafeInteger(rate) && rate >= 0) continue;
      throw new RangeError(`the price of ${model} must be whole nano-dollars per million tokens`);
    }
  }
}

/** What opens a row. */
export type AcceptedCall = Omit<BillRow, 'id' | 'at' | 'outputTokens' | 'costNusd' | 'completed'>;

/** A row that is still being filled. */
export class OpenRow {
  readonly #price: ModelPrice;
  readonly #onCost: (moreNusd: number) => void;
  #row: BillRow;

  constructor(row: BillRow, price: ModelPrice, onCost: (moreNusd: number) => void) {
    this.#row = row;
    this.#price = price;
    this.#onCost = onCost;
    this.generated(0);
  }

  get row(): BillRow {
    return this.#row;
  }

  /** Charges `tokens` more of output. */
  generated(tokens: number): void {
    const outputTokens = this.#row.outputTokens + tokens;
    const cost = costNusd(this.#price, { ...this.#row, outputTokens });
    this.#onCost(cost - this.#row.costNusd);
    this.#row = { ...this.#row, outputTokens, costNusd: cost };
  }

  /** The call has come to its proper end. */
  complete(): void {
    this.#row = { ...this.#row, completed: true };
  }
}

/** The server's own accounting, kept apart from what its answers claim. */
export class Bill {
  readonly #prices: PriceTable;
  readonly #rows: OpenRow[] = [];
  #calls = 0;
  #totalNusd = 0;

  constructor(prices: PriceTable) {
    assertPrices(prices);
    this.#prices = prices;
  }

  /** Charges the input of an accepted call. Throws for a model without a price. */
  open(call: AcceptedCall): OpenRow {
    const price = Object.hasOwn(this.#prices, call.model) ? this.#prices[call.model] : undefined;
    if (price === undefined) throw new RangeError(`no price for ${call.model}`);
    this.#calls += 1;
    const empty = { outputTokens: 0, costNusd: 0, completed: false };
    const row = { id: `call-${this.#calls}`, at: Date.now(), ...call, ...empty };
    const open = new OpenRow(row, price, (moreNusd) => {
      this.#totalNusd += moreNusd;
    });
    this.#rows.push(open);
    if (this.#rows.length > KEEP_ROWS) this.#rows.shift();
    return open;
  }

  statement(): BillStatement {
    const rows = this.#rows.map((open) => open.row);
    return { calls: this.#calls, totalNusd: this.#totalNusd, rows };
  }
}
