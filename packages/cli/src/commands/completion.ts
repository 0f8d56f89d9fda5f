import { Argument, Command } from 'commander';
import type { CatalogEntry } from '../catalog.ts';
import type { Cli } from '../cli.ts';
import { examples } from '../options.ts';
import { SHELLS, type CommandWords, type Shell, completionScript } from '../print/completion.ts';

/** Options of every command. */
const GLOBAL = ['--config', '--state-dir', '--json', '--verbose', '--help'];

export function define(command: Command, cli: Cli): void {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      examples([
        'completion bash > /etc/bash_completion.d/nightshift',
        'completion zsh > "${fpath[1]}/_nightshift"',
        'completion fish > ~/.config/fish/completions/nightshift.fish',
      ]),
    )
    .action(async (shell: Shell) => {
      const { CATALOG } = await import('../catalog.ts');
      const shown = CATALOG.filter((it) => it.hidden !== true);
      const words = await Promise.all(shown.map((it) => wordsOf(it, cli)));
      const script = completionScript(shell, words, GLOBAL);
      cli.answer({ shell, script }, (printer) => printer.line(script));
    });
}

/** What can follow a command: its own definition says it. */
async function wordsOf(entry: CatalogEntry, cli: Cli): Promise<CommandWords> {
  const command = new Command(entry.name);
  (await entry.load()).define(command, cli);
  const options = [command, ...command.commands].flatMap((it) => it.options);
  const long = options.flatMap((it) =>
    it.long === undefined || it.long === null ? [] : [it.long],
  );
  return {
    name: entry.name,
    summary: entry.summary,
    below: command.commands.map((it) => it.name()),
    options: [...new Set(long)],
  };
}
