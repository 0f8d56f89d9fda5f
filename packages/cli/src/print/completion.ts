export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command, and what may follow it. */
export interface CommandWords {
  readonly name: string;
  readonly summary: string;
  readonly below: readonly string[];
  readonly options: readonly string[];
}

/** A script that the shell reads once. It holds every name, so completing starts no process. */
export function completionScript(
  shell: Shell,
  commands: readonly CommandWords[],
  globals: readonly string[],
): string {
  return { bash, zsh, fish }[shell](commands, globals).join('\n');
}

function bash(commands: readonly CommandWords[], globals: readonly string[]): string[] {
  const cases = commands.map(({ name, below, options }) => {
    const words = [...below, ...options, ...globals].join(' ');
    return `    ${name}) words='${words}' ;;`;
  });
  const names = [...commands.map((it) => it.name), ...globals].join(' ');
  return [
    '_nightshift() {',
    '  local words command= i skip=',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "${COMP_WORDS[i]}" in',
    '    --config | --state-dir) ((i++)) ;;',
    '    -*) ;;',
    '    *) command=${COMP_WORDS[i]}; break ;;',
    '    esac',
    '  done',
    '  case "$command" in',
    `    '') words='${names}' ;;`,
    ...cases,
    '  esac',
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")',
    '}',
    'complete -o default -F _nightshift nightshift',
  ];
}

function zsh(commands: readonly CommandWords[], globals: readonly string[]): string[] {
  const described = commands.map(({ name, summary }) => `    '${name}:${plain(summary)}'`);
  const cases = commands.map(
    ({ name, below, options }) =>
      `    ${name}) compadd -- ${[...below, ...options, ...globals].join(' ')} ;;`,
  );
  return [
    '#compdef nightshift',
    '_nightshift() {',
    '  local -a commands',
    '  commands=(',
    ...described,
    '  )',
    '  if ((CURRENT == 2)); then',
    '    _describe command commands',
    `    compadd -- ${globals.join(' ')}`,
    '    return',
    '  fi',
    '  case "$words[2]" in',
    ...cases,
    '  esac',
    '  _files',
    '}',
    'compdef _nightshift nightshift',
  ];
}

function fish(commands: readonly CommandWords[], globals: readonly string[]): string[] {
  const line = (rest: string): string => `complete -c nightshift ${rest}`;
  const long = (options: readonly string[]): string[] => options.map((it) => it.replace(/^--/, ''));
  return [
    ...long(globals).map((it) => line(`-l ${it}`)),
    ...commands.map(({ name, summary }) =>
      line(`-f -n __fish_use_subcommand -a ${name} -d '${plain(summary)}'`),
    ),
    ...commands.flatMap(({ name, below, options }) => {
      const when = `-n '__fish_seen_subcommand_from ${name}'`;
      const words = below.length === 0 ? [] : [line(`-f ${when} -a '${below.join(' ')}'`)];
      return [...words, ...long(options).map((it) => line(`${when} -l ${it}`))];
    }),
  ];
}

/** Inside single quotes, and before a colon that zsh would read. */
function plain(text: string): string {
  return text.replaceAll("'", '').replaceAll(':', ' -');
}
