import type { Finding } from '@nightshift/domain';
import { ruleId, type Rule } from '../rule.ts';

const id = ruleId('disk-low');
const MIB = 1024 * 1024;

/** Room for the database: bytes, inodes, and a write-ahead log that is not cut back any more. */
export const diskLow: Rule = {
  id,
  severity: 'page',
  doc: 'The disk of the state folder runs out of bytes or inodes, or the write-ahead log grows.',
  openAfter: 3,
  resolveAfter: 5,
  evaluate({ disk }, settings) {
    const limits = settings.alerts.rules[id];
    const out: Finding[] = [];
    const find = (what: string, title: string, detail: string): void => {
      out.push({ rule: id, key: `${id}:${what}`, severity: diskLow.severity, title, detail });
    };
    if (disk.freeBytes < limits.freeMb * MIB) {
      const left = Math.floor(disk.freeBytes / MIB);
      find('bytes', 'The disk is nearly full', `${left} MiB are free beside the database.`);
    }
    if (disk.freeInodes !== null && disk.freeInodes < limits.freeInodes) {
      find('inodes', 'The disk runs out of inodes', `${disk.freeInodes} are free.`);
    }
    if (disk.walBytes > limits.walMb * MIB) {
      const size = Math.ceil(disk.walBytes / MIB);
      const text = `It has ${size} MiB: a reader that does not end keeps it from being cut back.`;
      find('wal', 'The write-ahead log grows', text);
    }
    return out;
  },
};
