import type { Capabilities, InnerDenial, Json, Refusal } from '@nightshift/domain';
import { NightshiftError } from '@nightshift/domain';
import type { Message } from '../channel/assembler.ts';
import { BadFrame, FRAME } from '../channel/frame.ts';
import type { Pipe } from '../channel/pipe.ts';
import type { Call, Finish } from '../channel/protocol.ts';
import { OPEN_CONTROLS_MAX, OPEN_REQUESTS_MAX } from '../channel/protocol.ts';
import { HttpCall } from './http-call.ts';
import { UploadBudget } from './upload-budget.ts';
import {
  checkCall,
  checkCredit,
  checkFinish,
  checkHello,
  isRefused,
  toCallError,
} from './validate.ts';

/** Denials that a child may tell of; the others are not kept. An honest one makes far fewer. */
const DENIALS_MAX = 50;

/** Request bodies of one child held at a time, bytes; twice the longest. */
const UPLOAD_BUDGET_BYTES = 33_554_432;

export interface CallServerEvents {
  hello(): void;
  finish(finish: Finish): void;
}

/** Answers the calls of one child with the worker's capabilities, and keeps it to the protocol. */
export class CallServer {
  readonly #capabilities: Capabilities;
  readonly #events: CallServerEvents;
  readonly #requests = new Map<number, HttpCall>();
  readonly #uploads = new UploadBudget(UPLOAD_BUDGET_BYTES);
  #pipe!: Pipe;
  #controls = 0;
  #controlChain: Promise<void> = Promise.resolve();
  #lastId = 0;
  #state: 'new' | 'running' | 'finished' = 'new';
  #reported = false;
  #denials = 0;
  /** The last call that a gate refused, whatever the agent made of it. */
  refusal: Refusal | undefined;

  constructor(capabilities: Capabilities, events: CallServerEvents) {
    this.#capabilities = capabilities;
    this.#events = events;
  }

  attach(pipe: Pipe): void {
    this.#pipe = pipe;
  }

  /** One message from the child. @throws BadFrame */
  receive(message: Message): void {
    if (this.#state === 'finished') return;
    if (this.#state === 'new') return this.#greet(message);
    if (message.type === FRAME.data) return this.#request(message.id)?.data(message.bytes);
    if (message.type === FRAME.call) return this.#call(message.id, checkCall(message.json));
    if (message.type === FRAME.credit) {
      return this.#request(message.id)?.credit(checkCredit(message.json));
    }
    if (message.type === FRAME.abort) return this.#abort(message.id);
    if (message.type === FRAME.finish) return this.#finish(checkFinish(message.json));
    throw new BadFrame('a frame that only the parent sends');
  }

  /** Takes back every request that is still open. */
  abortAll(reason: string): void {
    for (const call of this.#requests.values()) call.abort(reason);
    this.#requests.clear();
  }

  #greet(message: Message): void {
    if (message.type !== FRAME.hello) throw new BadFrame('the first frame is not hello');
    checkHello(message.json);
    this.#state = 'running';
    this.#events.hello();
  }

  #finish(finish: Finish): void {
    this.#state = 'finished';
    this.abortAll('the agent has ended');
    this.#events.finish(finish);
  }

  /** An open request; undefined for one that has ended while the frame was on its way. */
  #request(id: number): HttpCall | undefined {
    if (id === 0 || id > this.#lastId) throw new BadFrame('a frame for a call that was not made');
    return this.#requests.get(id);
  }

  #abort(id: number): void {
    this.#request(id)?.abort('taken back by the agent');
    this.#requests.delete(id);
  }

  #call(id: number, call: Call): void {
    if (id <= this.#lastId) throw new BadFrame('a call id that was used');
    this.#lastId = id;
    if (call.method === 'http') return this.#startRequest(id, call.params);
    if (this.#controls >= OPEN_CONTROLS_MAX) throw new BadFrame('too many open calls');
    this.#controls += 1;
    this.#controlChain = this.#controlChain.then(() => this.#control(id, call));
  }

  #startRequest(id: number, params: Extract<Call, { method: 'http' }>['params']): void {
    if (this.#requests.size >= OPEN_REQUESTS_MAX) throw new BadFrame('too many open requests');
    const request = new HttpCall(id, params, this.#pipe);
    this.#requests.set(id, request);
    const answered = (): void => void this.#requests.delete(id);
    request.run(this.#capabilities, this.#uploads, answered).catch((error: unknown) => {
      answered();
      return this.#failed(id, error);
    });
  }

  async #control(id: number, call: Exclude<Call, { method: 'http' }>): Promise<void> {
    try {
      const result = await this.#perform(call);
      this.#controls -= 1;
      await this.#pipe.send(FRAME.result, id, result);
    } catch (error) {
      this.#controls -= 1;
      await this.#failed(id, error);
    }
  }

  async #perform(call: Exclude<Call, { method: 'http' }>): Promise<Json> {
    const to = this.#capabilities;
    const { method, params } = call;
    if (method === 'stepResult') return to.stepResult(params.name);
    if (method === 'draft') {
      const { id, expiresAt } = await to.draft(params.action, params.args);
      return { id, expiresAt };
    }
    if (method === 'completeStep') await to.completeStep(params.name, params.result);
    else if (method === 'report') await this.#report(params);
    else if (method === 'progress') await to.progress(params);
    else if (method === 'denied') await this.#denied(params);
    else await to.log(params.level, params.message, params.fields);
    return null;
  }

  async #report(params: Extract<Call, { method: 'report' }>['params']): Promise<void> {
    if (this.#reported) throw new NightshiftError('report-twice', 'a job files one report');
    await this.#capabilities.report(params);
    this.#reported = true;
  }

  async #denied(denial: InnerDenial): Promise<void> {
    this.#denials += 1;
    if (this.#denials <= DENIALS_MAX) await this.#capabilities.denied(denial);
  }

  async #failed(id: number, thrown: unknown): Promise<void> {
    if (isRefused(thrown)) this.refusal = thrown.refusal;
    await this.#pipe.send(FRAME.error, id, toCallError(thrown));
  }
}
