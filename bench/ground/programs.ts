import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the compiled programs. */
export interface Programs {
  readonly limit: string;
  readonly first: string;
  readonly stopwatch: string;
  readonly withOverlay: string;
  readonly manyMounts: string;
  /** An addon for the subject. */
  readonly turns: string;
}

const flags = ['-O2', '-Wall', '-Wextra', '-Werror'];
const addon = ['-shared', '-fPIC'];
const bare = ['-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector'];

/** Compiles the benchmark's C programs into a directory. */
export function compilePrograms(bench: string, directory: string): Programs {
  const program = (name: string) => join(bench, 'programs', `${name}.c`);
  const compile = (name: string, sources: readonly string[], options: readonly string[] = []) => {
    const output = join(directory, name);
    execFileSync('cc', [...flags, ...options, '-o', output, ...sources], { stdio: ['ignore', 'inherit', 'inherit'] });
    return output;
  };
  const limit = readdirSync(join(bench, 'limit'))
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(bench, 'limit', name));
  return {
    limit: compile('limit', limit, ['-pthread']),
    first: compile('first', [program('first')], bare),
    stopwatch: compile('stopwatch', [program('stopwatch')]),
    withOverlay: compile('with-overlay', [program('with-overlay')]),
    manyMounts: compile('many-mounts', [program('many-mounts')]),
    turns: compile('turns.node', [program('turns')], [...addon, `-I${nodeHeaders(join(bench, '..'))}`]),
  };
}

/** Where node-gyp has found the headers of this Node when it built orlop's addon. */
function nodeHeaders(root: string): string {
  const [, directory] = /"nodedir": "(.*)"/.exec(readFileSync(join(root, 'build/config.gypi'), 'utf8')) ?? [];
  if (directory === undefined) throw new Error('build/config.gypi names no headers of Node: npm run build');
  return join(directory, 'include/node');
}
