import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tool } from './tools.ts';

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

  constructor(parent: string, node: string) {
    const root = mkdtempSync(join(parent, 'machine-'));
    this.project = join(root, 'project');
    this.#bin = join(root, 'bin');
    this.#home = join(root, 'home');
    for (const directory of [this.project, this.#bin, this.#home]) mkdirSync(directory);
    symlinkSync(node, join(this.#bin, 'node'));
    for (const name of ['sh', 'env']) symlinkSync(`/usr/bin/${name}`, join(this.#bin, name));
    writeFileSync(join(this.project, 'package.json'), '{ "name": "consumer", "private": true }\n');
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: this.#bin, HOME: this.#home, ORLOP_ROOT: join(this.#home, 'store') };
  }

  /** Runs a program of this machine and gives what it writes; throws with its errors when it fails. */
  run(program: string, ...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(join(this.#bin, program), args, {
      cwd: this.project,
      env: this.env,
      encoding: 'utf8',
    });
    if (error) throw error;
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}${stdout}`);
    return stdout;
  }

  write(name: string, content: string): void {
    writeFileSync(join(this.project, name), content);
  }

  /** Installs the tarball without network and without scripts. */
  install(manager: 'npm11' | 'npm12' | 'pnpm10', tarball: string): void {
    const verb = manager.startsWith('pnpm') ? ['add'] : ['install', '--no-audit', '--no-fund'];
    this.run('node', tool(manager), ...verb, '--ignore-scripts', '--offline', tarball);
  }
}
