/**
 * `node summary.mjs FOLDER FAILED_STEPS`: adds up the test runner's JSON reports in the folder and
 * prints `N passed, N failed` as its last line. A step that failed without a failed test of its own
 * (a lint error, a crashed runner) counts as one failure, so that 0 failed means all is well.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [folder, failedSteps = '0'] = process.argv.slice(2);
const reports = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));

const passed = sum(reports.map((report) => report.numPassedTests));
const failedTests = sum(reports.map((report) => report.numFailedTests));
const brokenRuns = reports.filter((report) => !report.success).length;
const failed = failedTests + Math.max(0, Number(failedSteps) - brokenRuns) + countless(reports);

const skipped = sum(reports.map((report) => report.numPendingTests + report.numTodoTests));
if (skipped > 0) process.stdout.write(`${skipped} not run\n`);
if (reports.length === 0) process.stdout.write('the test runner reported nothing\n');
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Runs that failed without any failed test: a file that does not load, an unhandled error. */
function countless(all) {
  return all.filter((report) => !report.success && report.numFailedTests === 0).length;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
