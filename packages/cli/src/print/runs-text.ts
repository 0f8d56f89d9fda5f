import type { CheckResult } from '@nightshift/operate';
import type { Printer } from '../printer.ts';

type CheckedAgent = CheckResult['agents'][number];

/** When an agent runs, in words, and its next runs in local time with their offset from UTC. */
export function printRuns(printer: Printer, agent: CheckedAgent, timezone: string): void {
  const { runs, next } = agent;
  const name = printer.paint('strong', agent.agent.name);
  if (runs === null) {
    printer.line(`${name}  runs when it is asked to`);
    return;
  }
  printer.line(`${name}  ${runs}`);
  if (next.length === 0) printer.line(`    ${printer.paint('warn', 'never again')}`);
  for (const at of next) printer.line(`    ${localTime(at, timezone)}`);
}

/** `2026-03-29 06:00:00 +02:00 Sun`: sortable, and a change of the clocks shows in the offset. */
function localTime(at: number, timezone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  const weekday = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][local.dayOfWeek - 1];
  const time = local.toPlainTime().toString({ smallestUnit: 'second' });
  return `${local.toPlainDate().toString()} ${time} ${local.offset} ${weekday}`;
}
