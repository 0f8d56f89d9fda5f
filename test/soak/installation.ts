import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { nodeBinary, repoRoot } from '@nightshift/support';
import { type Caps, type ConfigParts, configText } from './agents.ts';
import type { Timeline } from './timeline.ts';

/** What a command said. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with configuration, state and evidence, and the real command. */
export class Installation {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'nightshift-run-'));
  readonly stateDir = path.join(this.dir, 'state');
  readonly evidence = path.join(this.dir, 'evidence');
  readonly #env: Readonly<Record<string, string>>;
  readonly #caps: Caps[] = [];
  #config: ConfigParts | null = null;
  #db: DatabaseSync | null = null;
  #mounted = false;

  constructor(env: (dir: string) => Readonly<Record<string, string>>) {
    mkdirSync(this.evidence);
    mkdirSync(path.join(this.dir, 'node_modules'));
    symlinkSync(
      path.join(repoRoot, 'packages/nightshift'),
      path.join(this.dir, 'node_modules/nightshift'),
    );
    this.#env = env(this.dir);
  }

  get env(): Readonly<Record<string, string>> {
    return { ...this.#env, NODE_COMPILE_CACHE: path.join(this.dir, 'compile-cache') };
  }

  /** Writes the configuration; services read it when they start. */
  configure(parts: ConfigParts): void {
    this.#config = parts;
    this.#caps.push(parts.caps);
    writeFileSync(path.join(this.dir, 'nightshift.config.ts'), configText(parts));
  }

  /** What the referee is told about what was configured: nothing that it could see by itself. */
  writeFacts(more: object): void {
    const config = this.#config;
    const facts = {
      timezone: config?.timezone,
      agents: config?.agents,
      caps: this.#caps,
      times: config?.times,
      models: ['test-model'],
      ...more,
    };
    writeFileSync(path.join(this.evidence, 'facts.json'), JSON.stringify(facts, null, 2));
  }

  /** Gives the state a small disk of its own, which can be filled. False without the right to. */
  mountDisk(sizeMb: number): boolean {
    mkdirSync(this.stateDir, { mode: 0o700 });
    const args = ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=700`, 'tmpfs', this.stateDir];
    this.#mounted = spawnSync('mount', args).status === 0;
    return this.#mounted;
  }

  /** Fills that disk to its last byte. @returns what makes room again */
  fillDisk(): () => void {
    const filler = path.join(this.stateDir, 'filler');
    for (const bytes of [1 << 20, 1 << 12]) {
      const chunk = Buffer.alloc(bytes);
      try {
        for (;;) writeFileSync(filler, chunk, { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
    return () => rmSync(filler);
  }

  /** Runs `nightshift ...` to its end. */
  command(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
    const main = path.join(repoRoot, 'packages/cli/src/main.ts');
    const where = ['--config', path.join(this.dir, 'nightshift.config.ts')];
    const child = spawn(nodeBinary, [main, ...args, ...where, '--state-dir', this.stateDir], {
      cwd: this.dir,
      env: { ...process.env, ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    return new Promise((resolve) => {
      child.once('close', (code) => resolve({ code, out, err }));
    });
  }

  /** A command that has to succeed; what it said is on the timeline. */
  async must(timeline: Timeline, args: readonly string[]): Promise<string> {
    const said = await this.command(args);
    timeline.note('command', { args, code: said.code });
    if (said.code === 0) return said.out;
    throw new Error(`nightshift ${args.join(' ')} ended with ${said.code}: ${said.err}`);
  }

  /** One row of the database, read from outside. */
  one(sql: string): Record<string, unknown> {
    this.#db ??= new DatabaseSync(path.join(this.stateDir, 'nightshift.db'), {
      readOnly: true,
      timeout: 2_000,
    });
    return this.#db.prepare(sql).get() as Record<string, unknown>;
  }

  /** Copies both databases, whole, into the evidence. */
  copyDatabases(): void {
    for (const name of ['nightshift.db', 'watchdog.db']) {
      const copy = path.join(this.evidence, name);
      rmSync(copy, { force: true });
      const db = new DatabaseSync(path.join(this.stateDir, name), { timeout: 10_000 });
      db.prepare('VACUUM INTO ?').run(copy);
      db.close();
    }
  }

  close(): void {
    this.#db?.close();
    this.#db = null;
    if (!this.#mounted) return;
    cpSync(this.stateDir, `${this.stateDir}-kept`, { recursive: true });
    // Lazily: a service that was killed a moment ago may still be on it.
    this.#mounted = spawnSync('umount', ['--lazy', this.stateDir]).status !== 0;
  }

  remove(): void {
    this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
