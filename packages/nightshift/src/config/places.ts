import { WrongValue } from './mistakes.ts';
import { string } from './values.ts';

/** Hosts that charge for every call: nothing is free there, and they are no plain hosts. */
const PAID_HOSTS: ReadonlySet<string> = new Set([
  'api.openai.com',
  'api.anthropic.com',
  'generativelanguage.googleapis.com',
  'aiplatform.googleapis.com',
  'api.mistral.ai',
  'api.deepseek.com',
  'api.groq.com',
  'api.x.ai',
  'api.cohere.com',
  'api.cohere.ai',
  'api.perplexity.ai',
  'api.together.xyz',
  'api.together.ai',
  'api.fireworks.ai',
  'api.moonshot.ai',
  'openrouter.ai',
  'router.huggingface.co',
  'ollama.com',
]);
const PAID_DOMAINS = ['.openai.azure.com', '.services.ai.azure.com', '.ollama.com'];
/** Regional hosts of Vertex and Bedrock; the rest of those domains are other services. */
const PAID_PATTERN =
  /^[a-z0-9-]+-aiplatform\.googleapis\.com$|^bedrock[a-z-]*\..+\.amazonaws\.com$/;

/** Is this a host that is known to charge for model calls? */
export function isPaidHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  if (PAID_PATTERN.test(name)) return true;
  return PAID_HOSTS.has(name) || PAID_DOMAINS.some((domain) => name.endsWith(domain));
}

/** Ollama runs models whose tag ends in `cloud` on its own, billed machines, whatever the host. */
export function isOllamaCloud(model: string): boolean {
  return /(?:^|[:-])cloud$/.test(model.toLowerCase());
}

/** An absolute http(s) URL without credentials, query, fragment and trailing slash. */
export function baseUrl(value: unknown): string {
  const url = webUrl(value, 'a URL such as "http://127.0.0.1:8080/v1"');
  if (url.search !== '' || url.href.includes('?')) throw new WrongValue('should have no query');
  if (url.hash !== '' || url.href.includes('#')) throw new WrongValue('should have no fragment');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** An absolute http(s) URL without credentials. */
export function webUrl(value: unknown, what: string): URL {
  const text = string(value, what);
  const url = URL.parse(text);
  if (url === null) throw new WrongValue(`${shown(text)} is not ${what}`);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new WrongValue(`should begin with https:// or http://, begins with ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new WrongValue(
      "should hold no user or password: write env('NAME') where the key belongs",
    );
  }
  return url;
}

/** A value for a message, without what may be a password or a key. */
function shown(text: string): string {
  return /[@?#]/.test(text) ? 'what is written' : JSON.stringify(text);
}

/**
 * One host an agent may fetch from: a name or an address, with a port where it is not the usual
 * one. Lower case, as DNS compares. No patterns: each host is somebody's decision.
 */
export function host(value: unknown): string {
  const text = string(value, 'a host such as "example.org"');
  const wrong = (why: string): WrongValue => new WrongValue(`${shown(text)} is not a host: ${why}`);
  if (text.includes('://')) throw wrong('leave the scheme out');
  if (/[/?#]/.test(text)) throw wrong('leave the path out');
  if (text.includes('@')) throw wrong('leave user and password out');
  if (text.includes('*')) throw wrong('name each host, there are no patterns');
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text);
  const url = match === null ? null : URL.parse(`http://${match[1]}/`);
  if (match === null || url === null) throw wrong('write a name or an address');
  const port = match[2] === undefined ? null : Number(match[2]);
  if (port !== null && (port < 1 || port > 65_535)) throw wrong('the port is not from 1 to 65535');
  checkName(url.hostname, match[1]!, wrong);
  return port === null ? url.hostname : `${url.hostname}:${port}`;
}

function checkName(hostname: string, written: string, wrong: (why: string) => WrongValue): void {
  if (hostname.endsWith('.')) throw wrong('leave the last point out');
  const isIPv4 = /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
  // 0x7f.1 and 2130706433 are 127.0.0.1: nobody means that, except to be misread.
  if (isIPv4 && hostname !== written) throw wrong(`write ${hostname}, if that is what is meant`);
  const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
  const isName = hostname.length <= 253 && hostname.split('.').every((it) => label.test(it));
  if (!isIPv4 && !hostname.startsWith('[') && !isName) throw wrong('write a name or an address');
  if (isPaidHost(hostname)) throw wrong('model hosts belong in models, where calls are paid for');
}
