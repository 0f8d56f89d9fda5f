import { type Command, Option } from 'commander';
import { type Draft, type DraftState, reveal, sanitiseLine } from '@nightshift/domain';
import {
  type DraftView,
  approveDraft,
  listDrafts,
  rejectDraft,
  showDraft,
} from '@nightshift/operate';
import type { Cli } from '../cli.ts';
import { LIMIT_DEFAULT, count, examples } from '../options.ts';
import type { Printer } from '../printer.ts';
import type { Tone } from '../print/style.ts';
import { when } from '../print/time.ts';

const STATES = [
  'pending',
  'approved',
  'executing',
  'done',
  'failed',
  'rejected',
  'expired',
] as const satisfies readonly DraftState[];

export function define(command: Command, cli: Cli): void {
  command.addHelpText(
    'after',
    examples(['drafts list', 'drafts show 0192…', 'drafts approve 0192…', 'drafts reject 0192…']),
  );
  defineList(command, cli);
  defineShow(command, cli);
  defineApprove(command, cli);
  defineReject(command, cli);
}

function defineList(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('what agents would like to happen, newest first')
    .addOption(new Option('--state <state>', 'only drafts in this state').choices(STATES))
    .option('--agent <name>', 'only drafts of this agent')
    .option('--limit <n>', 'rows', count, LIMIT_DEFAULT)
    .addHelpText('after', examples(['drafts list --state pending', 'drafts list --json']))
    .action(async (options: { state?: DraftState; agent?: string; limit: number }) => {
      const installation = await cli.installation(list);
      const drafts = await listDrafts(installation, options);
      cli.answer({ drafts: drafts.map(draftDocument) }, (printer) => {
        if (drafts.length === 0 && printer.person) printer.line('no drafts');
        else printDrafts(printer, drafts, installation.clock.now());
      });
    });
}

function defineShow(command: Command, cli: Cli): void {
  const show = command
    .command('show')
    .description('one draft, and exactly what its approval would do')
    .argument('<id>')
    .addHelpText('after', examples(['drafts show 0192…']))
    .action(async (id: string) => {
      const view = await showDraft(await cli.installation(show), id);
      cli.answer(viewDocument(view), (printer) => printView(printer, view));
    });
}

function defineApprove(command: Command, cli: Cli): void {
  const approve = command
    .command('approve')
    .description('let exactly this happen, once')
    .argument('<id>')
    .addHelpText('after', examples(['drafts approve 0192…']))
    .action(async (id: string) => {
      const view = await approveDraft(await cli.installation(approve), id);
      cli.answer(viewDocument(view), (printer) => {
        printView(printer, view);
        printer.line();
        const { agent, execution } = view.draft;
        printer.line(`approved: the worker executes it as job ${execution ?? ''}, or, where none`);
        printer.line(`runs, the next nightshift run ${agent}`);
      });
    });
}

function defineReject(command: Command, cli: Cli): void {
  const reject = command
    .command('reject')
    .description('never let this happen')
    .argument('<id>')
    .option('--reason <text>', 'why', 'rejected by a person')
    .addHelpText('after', examples(['drafts reject 0192… --reason "not to this channel"']))
    .action(async (id: string, { reason }: { reason: string }) => {
      const draft = await rejectDraft(await cli.installation(reject), { id, reason });
      cli.answer({ draft: draftDocument(draft) }, (printer) => printer.line(`${id} is rejected`));
    });
}

function printDrafts(printer: Printer, drafts: readonly Draft[], now: number): void {
  printer.table(
    [
      { title: 'id' },
      { title: 'state' },
      { title: 'agent' },
      { title: 'action' },
      { title: 'drafted' },
      { title: 'what', flexible: true },
    ],
    drafts.map((it) => [
      it.id,
      { text: it.state, tone: toneOf(it.state) },
      it.agent,
      it.action,
      when(it.createdAt, now, printer.person),
      it.result ?? it.args,
    ]),
  );
}

function printView(printer: Printer, { draft, effect, body, obstacle }: DraftView): void {
  const fact = (name: string, text: string): void =>
    printer.line(`${printer.paint('dim', name.padEnd(9))} ${sanitiseLine(text, 400)}`);
  fact('draft', draft.id);
  fact('state', draft.state);
  fact('from', `${draft.agent}, job ${draft.job}, attempt ${draft.attempt}`);
  fact('expires', new Date(draft.expiresAt).toISOString());
  if (draft.decidedBy !== null) fact('decided', draft.decidedBy);
  if (draft.result !== null) fact('result', draft.result);
  fact('sha256', draft.argsHash);
  fact('effect', effect);
  printer.line();
  printer.line(reveal(body));
  if (obstacle === null || draft.state !== 'pending') return;
  printer.line();
  printer.line(printer.paint('bad', `cannot be approved: ${obstacle}`));
}

function toneOf(state: DraftState): Tone {
  if (state === 'done') return 'good';
  if (state === 'failed') return 'bad';
  return state === 'pending' || state === 'executing' ? 'warn' : 'dim';
}

function viewDocument({ draft, effect, body, obstacle }: DraftView): object {
  return { draft: draftDocument(draft), effect, body, obstacle };
}

function draftDocument(draft: Draft): object {
  const { targetHash: _targetHash, ...shown } = draft;
  return shown;
}
