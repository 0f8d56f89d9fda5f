import {
  type Capabilities,
  type DraftReceipt,
  type DraftStore,
  type Fence,
  type HttpRequest,
  type HttpResponse,
  type InnerDenial,
  type JobStore,
  type Json,
  type LogLevel,
  NightshiftError,
  type Principal,
  type Progress,
  type Refusal,
  RefusedError,
  type Report,
  type ReportDraft,
  type ReportStore,
  STEP_RESULT_MAX_BYTES,
  errorFacts,
  sanitiseLine,
} from '@nightshift/domain';
import { type Drafting, newDraft } from './drafting.ts';

/** The broker as the worker sees it. */
export interface Door {
  handle(principal: Principal, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse>;
  refused(who: Principal, refusal: Refusal): Promise<void>;
}

export interface AttemptParts {
  readonly fence: Fence;
  readonly principal: Principal;
  readonly jobs: JobStore;
  readonly reports: ReportStore;
  readonly drafts: Pick<DraftStore, 'file'>;
  readonly drafting: Drafting;
  readonly door: Door;
  /** Something moved: bumps the progress counter of the beat. */
  readonly moved: () => void;
  /** Puts on record what the child was denied. */
  readonly denied: (who: Principal, denial: InnerDenial) => Promise<void>;
  readonly log: (
    level: LogLevel,
    message: string,
    fields: { readonly [key: string]: Json },
  ) => void;
}

/**
 * What one attempt may do, with every write fenced by its lease. Remembers the last refusal,
 * because an agent or a library may swallow it and what becomes of the job depends on it.
 */
export class AttemptCapabilities implements Capabilities {
  readonly #parts: AttemptParts;
  #refusal: Refusal | null = null;
  #filed: Report | null = null;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  get refusal(): Refusal | null {
    return this.#refusal;
  }

  /** The report that was filed, if one was. */
  get filed(): Report | null {
    return this.#filed;
  }

  async http(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    try {
      return await this.#parts.door.handle(this.#parts.principal, request, signal);
    } catch (error) {
      if (error instanceof RefusedError) this.#refusal = error.refusal;
      throw error;
    }
  }

  async stepResult(name: string): Promise<{ found: false } | { found: true; result: Json }> {
    return this.#parts.jobs.stepResult(this.#parts.fence.job, name);
  }

  async completeStep(name: string, result: Json): Promise<void> {
    const bytes = Buffer.byteLength(JSON.stringify(result));
    if (bytes > STEP_RESULT_MAX_BYTES) {
      throw new NightshiftError(
        'step-result-too-big',
        `step ${JSON.stringify(name)} returned ${bytes} bytes; the limit is ${STEP_RESULT_MAX_BYTES}`,
        { fix: 'return less, or split the step' },
      );
    }
    this.#owned(await this.#parts.jobs.completeStep(this.#parts.fence, name, result));
    this.#parts.moved();
  }

  async report(draft: ReportDraft): Promise<void> {
    const filed = await this.#parts.reports.file(this.#parts.fence, draft);
    this.#owned(filed !== null);
    this.#filed = filed;
    this.#parts.moved();
  }

  async draft(action: string, args: Json): Promise<DraftReceipt> {
    const { door, drafts, drafting, fence, moved, principal } = this.#parts;
    let filed;
    try {
      filed = await drafts.file(fence, newDraft(drafting, action, args));
    } catch (error) {
      if (error instanceof RefusedError) {
        this.#refusal = error.refusal;
        await door.refused(principal, error.refusal);
      }
      throw error;
    }
    if (filed === null) throw this.#lost();
    moved();
    return { id: filed.id, expiresAt: filed.expiresAt };
  }

  async progress(progress: Progress): Promise<void> {
    const note = sanitiseLine(progress.note);
    this.#owned(await this.#parts.jobs.progress(this.#parts.fence, { ...progress, note }));
    this.#parts.moved();
  }

  log(level: LogLevel, message: string, fields: { readonly [key: string]: Json }): Promise<void> {
    this.#parts.log(level, message, fields);
    return Promise.resolve();
  }

  async denied(denial: InnerDenial): Promise<void> {
    const { permission, resource, count } = denial;
    const fields = { permission, resource, count };
    this.#parts.log('warn', `denied by the sandbox: ${permission}`, fields);
    try {
      await this.#parts.denied(this.#parts.principal, denial);
    } catch (thrown) {
      const { code } = errorFacts(thrown);
      this.#parts.log('error', 'a denial was not recorded', { code });
    }
  }

  /** A write was rejected by the fence: somebody else owns the job now. */
  #owned(accepted: boolean): void {
    if (!accepted) throw this.#lost();
  }

  #lost(): RefusedError {
    this.#refusal = { reason: 'lease-lost', message: 'this attempt does not own its job any more' };
    return new RefusedError(this.#refusal);
  }
}
