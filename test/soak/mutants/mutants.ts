/** One change of one file: a text that is there once, and what stands there instead. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

/** The product with one promise broken on purpose. */
export interface Mutant {
  /** The invariant that the referee has to find broken. */
  readonly id: string;
  /** What is wrong with it, in words. */
  readonly what: string;
  readonly edits: readonly Edit[];
  /** The storm that shows it, and nothing else: a script and its arguments. */
  readonly storm: string;
}

/** A busy system under the weather of its provider, and one whose worker is killed as well. */
const BUSY = 'test/chaos/main.ts --minutes 0.6 --patience 15 --victims nobody';
const KILLS = 'test/chaos/main.ts --minutes 0.6 --patience 15 --victims worker,child';

/** Some hours of the shared clock with the one thing that it takes. */
const soak = (days: number, kind: string): string =>
  `test/soak/main.ts --days ${days} --minutes 6 --only ${kind}`;

/** Without a change: the same storms, and nothing may be found. */
export const CONTROLS: readonly Mutant[] = [
  { id: '-', what: 'nothing is changed', edits: [], storm: KILLS },
  { id: '-', what: 'nothing is changed', edits: [], storm: soak(0.1, 'enqueue') },
];

/** At least one for each invariant, chosen so that a short storm shows it. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'I1',
    what: 'a reserve asks whether the cap is reached, not whether the call fits',
    edits: [
      {
        file: 'packages/store/src/ledger/reserve.ts',
        find: 'w.held_nusd + w.presumed_nusd + CAST(:bound AS INTEGER) <=',
        put: 'w.held_nusd + w.presumed_nusd <=',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I2',
    what: 'a call whose end is not known costs nothing',
    edits: [
      {
        file: 'packages/domain/src/spend.ts',
        find: "cut: 'presumed'",
        put: "cut: 'released'",
      },
      {
        file: 'packages/domain/src/spend.ts',
        find: "'server-error': 'presumed'",
        put: "'server-error': 'released'",
      },
      {
        file: 'packages/domain/src/spend.ts',
        find: "'answered-without-usage': 'presumed'",
        put: "'answered-without-usage': 'released'",
      },
      {
        file: 'packages/domain/src/spend.ts',
        find: "aborted: 'presumed'",
        put: "aborted: 'released'",
      },
      {
        file: 'packages/domain/src/spend.ts',
        find: "crashed: 'presumed'",
        put: "crashed: 'released'",
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I3',
    what: 'any model of an endpoint is anybody’s, at the price of the first',
    edits: [
      {
        file: 'packages/broker/src/endpoints.ts',
        find: "  if (typeof model !== 'string' || !Object.hasOwn(endpoint.models, model)) return false;",
        put: '  if (endpoint.models) return true;',
      },
      {
        file: 'packages/broker/src/prices.ts',
        find: '    : undefined;\n  if (declared === undefined)',
        put: '    : Object.values(endpoint.models)[0];\n  if (declared === undefined)',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I4',
    what: 'leases run out under running attempts, and no gate asks for one',
    edits: [
      {
        file: 'packages/store/src/jobs/attempt-writes.ts',
        find: '() => db.run(`UPDATE jobs SET lease_until = :it ${FENCED}`, at(fence, until)) === 1',
        put: '() => at(fence, until) !== null',
      },
      {
        file: 'services/worker/src/takeover.ts',
        find: 'attempt.child !== null && !(await parts.killOrphan(attempt.child))',
        put: 'attempt.n < 0',
      },
      {
        file: 'packages/broker/src/admission.ts',
        find: 'lease === null || lease.token !== who.leaseToken || lease.until <= facts.now()',
        put: "lease?.token === ''",
      },
      {
        file: 'packages/store/src/ledger/reserve.ts',
        find: "WHERE j.id = :job AND j.state = 'running' AND j.lease_token = :token",
        put: 'WHERE j.id = :job',
      },
      {
        file: 'packages/store/src/ledger/reserve.ts',
        find: 'AND j.lease_until >= :now AND j.claims = :attempt AND j.agent = :agent',
        put: '',
      },
      {
        file: 'packages/store/src/ledger/reserve.ts',
        find: 'AND j.instance = :instance)',
        put: ')',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I5',
    what: 'a job whose worker died counts as done',
    edits: [
      {
        file: 'packages/store/src/jobs/settlement.ts',
        find: "const again = waiting(struck, 'job.taken-back', now, now, null);",
        put: "const again = final(struck, 'done', 'job.taken-back', null);",
      },
    ],
    storm: KILLS,
  },
  {
    id: 'I6',
    what: 'a slot that is skipped leaves no row',
    edits: [
      {
        file: 'packages/store/src/slots.ts',
        find: '  writeSlot(db, row);\n',
        put: '  if (row.job !== null) writeSlot(db, row);\n',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I7',
    what: 'a key that was used makes another job',
    edits: [
      {
        file: 'packages/store/src/jobs/enqueue.ts',
        find: '  if (used === 0) return { created: false, id: jobOfKey(db, job.key) };\n',
        put: '',
      },
      {
        file: 'packages/store/src/jobs/enqueue.ts',
        find: '    id,\n    key: job.key,',
        put: '    id,\n    key: used === 0 ? `${job.key} again ${id}` : job.key,',
      },
    ],
    storm: soak(0.1, 'enqueue'),
  },
  {
    id: 'I8',
    what: 'a retry knows nothing of the steps and answers of the attempt before',
    edits: [
      {
        file: 'packages/broker/src/model-call.ts',
        find: 'if (kept === null) return null;',
        put: 'if (kept === null || who.attempt > 1) return null;',
      },
      {
        file: 'packages/store/src/jobs/attempt-writes.ts',
        find: 'if (row === undefined) return { found: false };',
        put: 'if (row === undefined || row) return { found: false };',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I9',
    what: 'a host that is allowed at one port is allowed at all',
    edits: [
      {
        file: 'packages/broker/src/egress/hosts.ts',
        find: '  if (port !== to.port) return false;\n',
        put: '  if (port === 0) return false;\n',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I10',
    what: 'a draft approves itself',
    edits: [
      {
        file: 'packages/store/src/drafts/file.ts',
        find: "import { findDraft, sameDraft } from './rows.ts';",
        put: "import { findDraft, sameDraft } from './rows.ts';\nimport { approve } from './decide.ts';",
      },
      {
        file: 'packages/store/src/drafts/file.ts',
        find: '    return findDraft(db, id, now)!;\n',
        put: "    approve(db, clock, id, draft, { kind: 'agent', name: agent } as never);\n    return findDraft(db, id, now)!;\n",
      },
    ],
    storm: soak(0.15, 'enqueue'),
  },
  {
    id: 'I11',
    what: 'an incident opens and nobody is told',
    edits: [
      {
        file: 'services/watchdog/src/tick.ts',
        find: 'deliveriesFor(next.notices',
        put: 'deliveriesFor(next.notices.slice(0, 0)',
      },
    ],
    storm: BUSY,
  },
  {
    id: 'I12',
    what: 'nobody looks whether the system is halted',
    edits: [
      {
        file: 'packages/lifecycle/src/halt-watch.ts',
        find: 'return file || (row?.halted ?? true);',
        put: 'return false;',
      },
      {
        file: 'packages/store/src/slots.ts',
        find: '    AND (SELECT halted FROM control WHERE id = 1) = 0`',
        put: '`',
      },
    ],
    storm: soak(0.05, 'halt'),
  },
  {
    id: 'I13',
    what: 'the watchdog waits for half a beat',
    edits: [
      {
        file: 'packages/alerts/src/rules/service-silent.ts',
        find: 'BOOT_FACTOR * times.silentMs : times.silentMs;\n  if (seen',
        put: 'times.silentMs : times.beatMs / 2;\n  if (seen',
      },
    ],
    storm: soak(0.05, 'enqueue'),
  },
];
