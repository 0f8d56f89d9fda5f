/**
 * The guarded door out for agents. It holds the keys and the sockets; a payload holds neither.
 *
 * A request under a configured endpoint is a model call. A wire (one file in `wires/`) knows each
 * field its body may have; the body is written anew, and the bytes that are metered are the bytes
 * that are sent. The most it can cost is reserved in the ledger before anything leaves, and every
 * way it can end has its row in the outcome table. Gates in order: halt, lease, pause, breaker,
 * endpoint and model, price, bound, reserve, and the STOP file with the age of the hold directly
 * before the first byte.
 */
export { createBroker, type Broker } from './broker.ts';
export type { Denial } from './denials.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export type { BrokerLog, BrokerOptions, Watch } from './options.ts';
export { PRICE_TABLE_VERSION } from './price-table.ts';
export { priceOf, type Price } from './prices.ts';
export { boundOf, costOf, type Rates } from './cost.ts';
export type { StopFile } from './stop-file.ts';
export { createActions, type Act, type ActionOptions, type Actions } from './actions.ts';
