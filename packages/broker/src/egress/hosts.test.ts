import { expect, test } from 'vitest';
import { isPublicAddress, literalAddress } from './addresses.ts';
import { allowedBy, destinationOf } from './hosts.ts';
import { isModelHost } from './model-hosts.ts';

const covers = (entries: string[], url: string): boolean => {
  const to = destinationOf(url);
  return to !== null && allowedBy(entries, to) !== null;
};

test.each([
  ['example.org', 'https://example.org/feed', true],
  ['example.org', 'https://EXAMPLE.org./feed', true],
  ['Example.ORG', 'http://example.org', true],
  ['example.org', 'https://sub.example.org', false],
  ['example.org', 'https://example.org.evil.test', false],
  ['example.org', 'https://notexample.org', false],
  ['example.org', 'https://example.org:8443', false],
  ['example.org:8443', 'https://example.org:8443', true],
  ['example.org:8443', 'https://example.org', false],
  ['*.example.org', 'https://a.b.example.org', true],
  ['*.example.org', 'https://example.org', false],
  ['*.example.org', 'https://aexample.org', false],
  ['bücher.example', 'https://xn--bcher-kva.example', true],
  ['127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['127.0.0.1:8080', 'http://2130706433:8080', true],
  ['127.0.0.1:8080', 'http://127.0.0.1', false],
  ['[::1]:8080', 'http://[::1]:8080/', true],
  ['*', 'https://example.org', false],
  ['*.', 'https://example.org', false],
  ['https://example.org', 'https://example.org', false],
  ['user@example.org', 'https://example.org', false],
  ['example.org', 'ftp://example.org', false],
  ['example.org', 'https://user:pw@example.org', false],
])('%s covers %s: %s', (entry, url, expected) => {
  expect(covers([entry], url)).toBe(expected);
});

const SPECIAL = [
  ['10.0.0.1', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.255.255', '192.168.1.1'],
  ['0.0.0.0', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255', '203.0.113.9'],
  ['::', '::1', 'fe80::1', 'fc00::1', 'ff02::1', '::ffff:a9fe:a9fe', '::ffff:8.8.8.8'],
  ['64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1', '2001:0:1::1', '2001:db8::1', '100::1'],
].flat();

test.each(SPECIAL)('%s is not public', (address) => {
  expect(isPublicAddress(literalAddress(address)!)).toBe(false);
});

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(literalAddress(address)!)).toBe(true);
  },
);

test.each([
  ['https://api.openai.com/v1', true],
  ['https://eu.api.openai.com/v1', true],
  ['https://API.ANTHROPIC.COM./v1', true],
  ['https://bedrock-runtime.eu-west-1.amazonaws.com', true],
  ['https://europe-west1-aiplatform.googleapis.com', true],
  ['https://status.openai.com/feed.atom', false],
  ['https://openrouter.ai.evil.test', false],
  ['http://127.0.0.1:11434/api/tags', true],
  ['http://127.0.0.1:8080', false],
  ['https://gateway.test:444/anything', true],
])('%s is a model host: %s', (url, expected) => {
  const at = (baseUrl: string) =>
    ({ name: 'x', protocol: 'ollama', baseUrl, apiKey: null, models: {} }) as const;
  const endpoints = [at('http://127.0.0.1:11434'), at('https://gateway.test/v1')];
  expect(isModelHost(destinationOf(url)!, endpoints)).toBe(expected);
});
