import { type Status, readStatus } from '@nightshift/operate';
import { expect, test } from 'vitest';
import { makeSite } from '../../test/command.ts';
import { createPrinter } from '../printer.ts';
import { printStatus } from './status-page.ts';

function printed(status: Status): string {
  let text = '';
  const stream = { write: (it: string) => void (text += it) };
  printStatus(createPrinter({ stdout: stream, stderr: stream }, false), status, 0);
  return text;
}

test('an installation of which nobody hears says so each time it is looked at', async () => {
  const status = await readStatus((await makeSite()).installation);
  expect(printed(status)).not.toContain('without alerts');
  const unheard = { ...status, withoutAlerts: true };
  expect(printed(unheard)).toContain('installed without alerts: trouble may reach nobody');
});
