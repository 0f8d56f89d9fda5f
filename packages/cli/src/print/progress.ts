import { type Progress, sanitiseLine } from '@nightshift/domain';
import type { Printer } from '../printer.ts';
import { cut } from './width.ts';

const BAR_WIDTH = 24;

export interface ProgressBar {
  show(name: string, progress: Progress | null): void;
  /** Clears it; lines that were printed stay. */
  end(): void;
}

/** A bar that moves where a person looks; a line a change where nobody does. */
export function progressBar(printer: Printer): ProgressBar {
  let last = '';
  return {
    show(name, progress) {
      const text = progressText(name, progress);
      if (text === last) return;
      last = text;
      if (printer.json) return;
      if (!printer.person) printer.note(text);
      else
        printer.live(
          `${bar(printer, progress)} ${cut(text, (printer.width ?? 80) - BAR_WIDTH - 4)}`,
        );
    },
    end: () => printer.live(null),
  };
}

function progressText(name: string, progress: Progress | null): string {
  if (progress === null) return `${name}: starting`;
  return `${name}: ${progress.done}/${progress.total} ${sanitiseLine(progress.note, 120)}`;
}

function bar({ paint }: Printer, progress: Progress | null): string {
  const share = progress === null || progress.total <= 0 ? 0 : progress.done / progress.total;
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_WIDTH);
  return paint('accent', '█'.repeat(full)) + paint('dim', '░'.repeat(BAR_WIDTH - full));
}
