import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Manager } from './managers.ts';
import { type Tool, tool } from './tools.ts';

export interface PackedFile {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
}

export interface Packed {
  /** The tarball. */
  readonly file: string;
  readonly size: number;
  readonly files: readonly PackedFile[];
}

/** A directory for the tests of a file, with the packed package in it; removed at the end. */
export function packed(): () => Packed & { readonly directory: string } {
  let result: (Packed & { directory: string }) | undefined;
  before(function () {
    this.timeout(120_000);
    const directory = mkdtempSync('/var/tmp/orlop-package-');
    const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', directory];
    const [entry] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    result = { directory, file: join(directory, entry.filename), size: entry.size, files: entry.files };
  });
  after(() => {
    if (result !== undefined) rmSync(result.directory, { recursive: true, force: true });
  });
  return () => {
    if (result === undefined) throw new Error('the package is packed when the tests run');
    return result;
  };
}

/** A user's machine: an empty project, and a PATH with nothing on it but Node, sh and env. */
export class Machine {
  readonly project: string;
  readonly #bin: string;
  readonly #home: string;

  /** @param project that of another machine, which has another Node */
  constructor(parent: string, node: string, project?: string) {
    const root = mkdtempSync(join(parent, 'machine-'));
    this.project = project ?? join(root, 'project');
    this.#bin = join(root, 'bin');
    this.#home = join(root, 'home');
    for (const directory of [this.project, this.#bin, this.#home]) mkdirSync(directory, { recursive: true });
    symlinkSync(node, join(this.#bin, 'node'));
    for (const name of ['sh', 'env']) symlinkSync(`/usr/bin/${name}`, join(this.#bin, name));
    if (project === undefined) this.write('package.json', '{ "name": "consumer", "private": true }\n');
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: this.#bin, HOME: this.#home, ORLOP_ROOT: join(this.#home, 'store') };
  }

  /** Runs a program of this machine and gives what it writes; throws with its errors when it fails. */
  run(program: string, ...args: string[]): string {
    return this.#spawn(join(this.#bin, program), args)[0];
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.project, name), content);
  }

  /** Installs the tarball without network. Gives what the manager says. */
  install({ tool: name, install, env }: Manager, tarball: string): string {
    return this.#manager(name, install(tarball), env).join('');
  }

  /** Runs the installed command as a person would, and gives its output. */
  orlop({ tool: name, orlop, env }: Manager, ...args: string[]): string {
    if (typeof orlop === 'string') return this.#spawn(join(this.project, 'node_modules', orlop), args)[0];
    return this.#manager(name, [...orlop, ...args], env)[0];
  }

  #manager(name: Tool, args: readonly string[], env: Manager['env']): [stdout: string, stderr: string] {
    const file = tool(name);
    const [program, ...first] = /\.[cm]?js$/.test(file) ? [join(this.#bin, 'node'), file] : [file];
    return this.#spawn(program, [...first, ...args], env);
  }

  #spawn(program: string, args: readonly string[], env: Manager['env'] = {}): [stdout: string, stderr: string] {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: this.project,
      env: { ...this.env, ...env },
      encoding: 'utf8',
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
    return [stdout, stderr];
  }
}
