import type { Clock, DraftStore } from '@nightshift/domain';
import type { Connection } from './connection.ts';
import { approve, reject } from './drafts/decide.ts';
import { begin, drop, end } from './drafts/execute.ts';
import { fileDraft } from './drafts/file.ts';
import { findDraft, listDrafts, waitingDrafts } from './drafts/rows.ts';
import { tidy } from './drafts/tidy.ts';

/**
 * Drafts of actions. Every transition is a compare-and-set with its event; a person's word also
 * leaves an audit row. The intent to act is its own commit before the act, so that a crash can only
 * lose the knowledge whether something happened, never make it happen twice.
 */
export function createDraftStore(db: Connection, clock: Clock): DraftStore {
  return {
    file: (fence, draft) => fileDraft(db, clock, fence, draft),
    get: (id) => db.read(() => findDraft(db, id, clock.now()) ?? null),
    list: (filter) => db.read(() => listDrafts(db, filter, clock.now())),
    waiting: () => db.read(() => waitingDrafts(db, clock.now())),
    approve: (id, seen, actor) => db.write(() => approve(db, clock, id, seen, actor)),
    reject: (id, reason, actor) => db.write(() => reject(db, clock.now(), id, reason, actor)),
    begin: (fence, id, seen) => db.write(() => begin(db, clock.now(), fence, id, seen)),
    end: (fence, id, ended) => db.write(() => end(db, clock.now(), fence, id, ended)),
    drop: (fence, id, why) => db.write(() => drop(db, clock.now(), fence, id, why)),
    tidy: () => db.write(() => tidy(db, clock.now())),
  };
}
