/**
 * Loaded with --import before a program under test: it counts the commits that the program makes on
 * its database, writes the name of each into COMMIT_LOG, and kills the process with SIGKILL directly
 * `before` or `after` (KILL_WHEN) number KILL_AT. The program knows nothing of it.
 *
 * A commit is named by the events that it holds, or else by the table it wrote.
 */
import { appendFileSync } from 'node:fs';
import Database from 'better-sqlite3';

const killAt = Number(process.env['KILL_AT'] ?? 0);
const when = process.env['KILL_WHEN'];
const log = process.env['COMMIT_LOG'];
// oxlint-disable-next-line typescript/unbound-method -- called with the database it belongs to
const prepare = Database.prototype.prepare;

let commits = 0;
/** @type {Set<string>} */
let events = new Set();
let table = '';

/** @param {unknown[]} args the parameters of a statement that writes */
function noteWrite(sql, args) {
  if (/^\s*INSERT INTO events\b/.test(sql)) events.add(String(args[1]));
  table ||= /(?:INTO|UPDATE|FROM)\s+(\w+)/.exec(sql)?.[1] ?? '';
}

function commit(execute) {
  const name = events.size > 0 ? [...events].join('+') : table;
  events = new Set();
  table = '';
  commits++;
  if (commits === killAt && when === 'before') process.kill(process.pid, 'SIGKILL');
  const result = execute();
  if (log !== undefined) appendFileSync(log, `${name}\n`);
  if (commits === killAt && when === 'after') process.kill(process.pid, 'SIGKILL');
  return result;
}

Database.prototype.prepare = function prepareAndCount(sql) {
  const db = this;
  const statement = prepare.call(db, sql);
  for (const method of ['run', 'get', 'all']) {
    const execute = statement[method].bind(statement);
    statement[method] = (...args) => {
      if (sql === 'COMMIT') return table === '' ? execute() : commit(execute);
      if (statement.readonly || /^\s*(BEGIN|ROLLBACK|PRAGMA)/.test(sql)) return execute(...args);
      noteWrite(sql, args);
      return db.inTransaction ? execute(...args) : commit(() => execute(...args));
    };
  }
  return statement;
};
