import { expect, test } from 'vitest';
import { environmentOf } from './environment.ts';
import { checkRuntime, unsafeOption } from './runtime.ts';

test.each([
  '--allow-net',
  '--max-old-space-size=100 --allow-child-process',
  '--allow_fs_read=/',
  '--require /tmp/x.cjs',
  '-r /tmp/x.cjs',
  '--import=file:///tmp/x.mjs',
  '--import /tmp/x.mjs',
  '--experimental-loader ./x.mjs',
  '--inspect',
  '--inspect-brk=0.0.0.0:1',
  '"--require" "/tmp/x y.cjs"',
])('NODE_OPTIONS with %s is refused', (options) => {
  expect(unsafeOption(options)).not.toBeNull();
  const environment = environmentOf({ NODE_OPTIONS: options });
  expect(() => checkRuntime(environment, '26.1.0')).toThrow(
    expect.objectContaining({ code: 'node-options-unsafe', exitCode: 78 }),
  );
});

test.each(['', '--max-old-space-size=200', '--enable-source-maps --no-warnings'])(
  'NODE_OPTIONS with %j is fine',
  (options) => {
    expect(() => checkRuntime(environmentOf({ NODE_OPTIONS: options }), '26.1.0')).not.toThrow();
  },
);

test('exactly one declared preload is let through', () => {
  expect(unsafeOption('--import /t/clock.mjs', '/t/clock.mjs')).toBeNull();
  expect(unsafeOption('--import=file:///t/clock.mjs', '/t/clock.mjs')).toBeNull();
  expect(unsafeOption(`--import ${JSON.stringify('/t/a clock.mjs')}`, '/t/a clock.mjs')).toBeNull();
  expect(unsafeOption('--import /t/clock.mjs --import /t/x.mjs', '/t/clock.mjs')).toBe('--import');
  expect(unsafeOption('--require /t/clock.mjs', '/t/clock.mjs')).toBe('--require');
});

test('a Node that lets a sandbox reach the network is refused', () => {
  expect(() => checkRuntime(environmentOf({}), 'v24.9.0')).toThrow(
    expect.objectContaining({ code: 'node-too-old', exitCode: 78 }),
  );
});
