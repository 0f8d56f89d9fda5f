import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '@nightshift/support';
import type { Machine } from './machine.ts';

const MIGRATIONS = 'packages/store/migrations/nightshift';
/** What a deploy may take, however slow this machine is, ms. */
const DEPLOY_MS = 300_000;

export interface Deployed {
  readonly code: number | null;
  /** Everything it printed. */
  readonly said: string;
  readonly release: string;
}

/**
 * Somebody's own clone of this checkout, with whatever is not committed there, and the shipped
 * deploy.sh that puts its commits onto a machine. ssh is the real one, with a key made for this
 * test; it runs on the network of the machine, so that nothing else is reachable from it.
 */
export class Deployment {
  readonly #machine: Machine;
  readonly #clone: string;
  readonly #bin: string;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#clone = join(machine.dir, 'clone');
    this.#bin = join(machine.dir, 'bin');
    cloneInto(this.#clone);
    this.#makeKey();
  }

  /** The commit that is checked out, as deploy.sh names its folder. */
  get release(): string {
    return this.git('rev-parse', '--short=12', 'HEAD');
  }

  git(...words: string[]): string {
    return must('git', ['-C', this.#clone, ...words]);
  }

  /** Changes files (null takes one away) and commits them. */
  commit(message: string, files: Readonly<Record<string, string | null>>): void {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.#clone, path);
      if (text === null) rmSync(file);
      else writeFileSync(file, text);
    }
    this.git('add', '--all');
    this.git('commit', '--quiet', '--message', message);
  }

  /** A migration that a release before this one can live with, as the next one would be. */
  migration(table: string): Record<string, string> {
    const known = readdirSync(join(this.#clone, MIGRATIONS)).length;
    const name = `${String(known + 1).padStart(4, '0')}-${table}.sql`;
    const sql = `-- min-reader: ${known}\nCREATE TABLE ${table} (it INTEGER) STRICT;\n`;
    return { [`${MIGRATIONS}/${name}`]: sql };
  }

  /** Runs the shipped script to its end. */
  deploy(): Deployed {
    const [command, args, options] = this.#command();
    const ran = spawnSync(command, args, { ...options, encoding: 'utf8', timeout: DEPLOY_MS });
    return { code: ran.status, said: `${ran.stdout}${ran.stderr}`, release: this.release };
  }

  /** Starts the shipped script, for a test that does something meanwhile. */
  begin(): ChildProcess {
    const [command, args, options] = this.#command();
    return spawn(command, args, { ...options, stdio: 'ignore' });
  }

  #command(): [string, string[], { readonly cwd: string; readonly env: NodeJS.ProcessEnv }] {
    const [command = '', ...before] = this.#machine.onItsNetwork;
    const script = join(this.#clone, 'infra/vps/deploy.sh');
    const env = { ...process.env, PATH: `${this.#bin}:${process.env['PATH']}` };
    return [command, [...before, script, 'root@127.0.0.1'], { cwd: this.#clone, env }];
  }

  /** ssh reads whom to trust and with which key from the home of its user, so it is told here. */
  #makeKey(): void {
    const key = join(this.#machine.dir, 'key');
    must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    this.#machine.write('root/.ssh/authorized_keys', must('cat', [`${key}.pub`]));
    this.#machine.sh('cd /root && chmod 700 .ssh && chmod 600 .ssh/authorized_keys');
    const host = this.#machine.sh('cat /etc/ssh/ssh_host_ed25519_key.pub');
    writeFileSync(join(this.#machine.dir, 'known-hosts'), `127.0.0.1 ${host}\n`);
    mkdirSync(this.#bin);
    const trust = `-o UserKnownHostsFile='${join(this.#machine.dir, 'known-hosts')}'`;
    const line = `exec /usr/bin/ssh -F none -i '${key}' ${trust} -o BatchMode=yes "$@"`;
    writeFileSync(join(this.#bin, 'ssh'), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }
}

/** A clone of this checkout, with a commit of its own for what is not committed here. */
export function cloneInto(dir: string): void {
  const git = (...words: string[]): string => must('git', ['-C', dir, ...words]);
  must('git', ['clone', '--quiet', repoRoot, dir]);
  git('config', 'user.name', 'Operator');
  git('config', 'user.email', 'operator@localhost');
  git('rm', '--quiet', '-r', '.');
  const here = `cd '${repoRoot}' && git ls-files -z --cached --others --exclude-standard`;
  const present = `while IFS= read -r -d '' it; do [ ! -e "$it" ] || printf '%s\\0' "$it"; done`;
  const copied = `tar --null -T - -c | tar -x -C '${dir}'`;
  must('bash', ['-o', 'pipefail', '-c', `${here} | ${present} | ${copied}`]);
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'As it is');
}

function must(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return stdout.trim();
  throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr.slice(-1_500)}`);
}
