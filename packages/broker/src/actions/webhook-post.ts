import { NightshiftError, errorFacts, type ActionEnd } from '@nightshift/domain';
import type { Act, ActionOptions } from '../actions.ts';
import {
  type Address,
  isPublicAddress,
  literalAddress,
  systemResolve,
} from '../egress/addresses.ts';
import { sendHop } from '../egress/hop.ts';
import { type Destination, destinationOf, vetted } from '../egress/hosts.ts';
import { DEFAULT_EGRESS_LIMITS } from '../egress/limits.ts';
import { lookUp } from '../egress/look-up.ts';
import { isModelHost } from '../egress/model-hosts.ts';
import { refuse } from '../refusals.ts';
import { isStopped } from '../stop-file.ts';

/** How much of an answer is read; only its status counts. */
const ANSWER_BYTES = 64 * 1024;

/** The connection was never made, so nothing can have arrived. */
const NEVER_LEFT =
  /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|^(CERT|ERR_TLS|DEPTH_ZERO|SELF_SIGNED)/;

/**
 * Vets the URL an operator wrote as any other destination: not a host that serves models, public
 * addresses only, unless it names an address or `localhost` outright.
 * @throws RefusedError `halted`, `host-denied`; NightshiftError `bad-action-url`, and those of a lookup.
 */
export async function prepareWebhook(
  url: string,
  args: string,
  options: ActionOptions,
  signal: AbortSignal,
): Promise<Act> {
  const to = destinationOf(url);
  if (to === null) {
    throw new NightshiftError('bad-action-url', 'the URL of the action is not http or https');
  }
  if (isModelHost(to, options.endpoints)) {
    throw refuse('host-denied', `${to.host} serves models: it is reached as an endpoint or not`);
  }
  if (await isStopped(options.stopFile)) throw refuse('halted', 'a STOP file is there');
  const addresses = await vet(to, options, signal);
  return (acting) => post(to, addresses, args, options, acting);
}

async function vet(
  to: Destination,
  options: ActionOptions,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const { lookupMs } = { ...DEFAULT_EGRESS_LIMITS, ...options.egress };
  const resolve = options.resolve ?? systemResolve;
  const literal = literalAddress(to.host);
  const declared = literal !== null || to.host === 'localhost';
  const found = literal === null ? await lookUp(resolve, to.host, lookupMs, signal) : [literal];
  const isPublic = options.isPublic ?? isPublicAddress;
  const addresses = vetted(to.host, found, { declared }, isPublic);
  if (addresses.length > 0) return addresses;
  throw refuse('host-denied', `${to.host} leads to an address that is not public`);
}

/** One POST, no redirect, no second try. The body is the approved text, byte for byte. */
async function post(
  to: Destination,
  addresses: readonly Address[],
  args: string,
  options: ActionOptions,
  signal: AbortSignal,
): Promise<ActionEnd> {
  const headers = { 'content-type': 'application/json', 'user-agent': options.userAgent };
  const hop = { to, addresses, method: 'POST', headers, body: Buffer.from(args), signal };
  try {
    const limits = { ...DEFAULT_EGRESS_LIMITS, ...options.egress };
    const { status } = await sendHop(hop, limits, ANSWER_BYTES, true);
    return endOf(status, to.host);
  } catch (error) {
    const { message } = errorFacts(error);
    // The message ends in the code of the socket or of TLS, when there is one.
    const code = message.slice(message.lastIndexOf(' ') + 1);
    if (NEVER_LEFT.test(code)) return { happened: 'no', result: `${to.host}: ${code}` };
    return { happened: 'unknown', result: `sent, but ${to.host} did not answer: ${code}` };
  }
}

/** A refusal by the receiver is its word that nothing was done; a failure of it is no word. */
function endOf(status: number, host: string): ActionEnd {
  const result = `${host} answered ${status}`;
  if (status >= 200 && status < 300) return { happened: 'yes', result };
  return { happened: status < 500 ? 'no' : 'unknown', result };
}
