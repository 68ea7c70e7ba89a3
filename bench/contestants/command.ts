import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Ground } from '../ground/ground.ts';
import { type Sample, Watch } from '../measure/watch.ts';
import type { CommandContestant, Starter } from './contestant.ts';

const commandMs = 60_000;

/** Makes a contestant of a command; `command` says how to start a container with it. */
export function commandContestant(
  parts: Omit<CommandContestant, 'open' | 'peer'> & { readonly peer?: boolean },
): CommandContestant {
  const contestant: CommandContestant = {
    peer: true,
    ...parts,
    async open(ground, container) {
      return openCommand(ground, await contestant.command(ground, container));
    },
  };
  return contestant;
}

/** Starts a command by `child_process.spawn`, and reads what its application says. */
export function openCommand(ground: Ground, argv: readonly string[]): Starter {
  const errors = openSync(ground.errors, 'a');
  return {
    start: () => runCommand(argv, errors, () => readFileSync(ground.errors, 'utf8').slice(-500)),
    close: async () => closeSync(errors),
  };
}

function runCommand([command = '', ...rest]: readonly string[], errors: number, messages: () => string) {
  return new Promise<Sample>((resolve, reject) => {
    const watch = new Watch();
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', errors], timeout: commandMs });
    watch.returned();
    let output = '';
    child.stdout?.on('data', (text: Buffer) => {
      output += text.toString();
    });
    child.on('error', reject);
    child.on('exit', () => watch.ended());
    child.on('close', (code, signal) => {
      const sample = watch.sample(output.trim());
      if (code === 0) resolve(sample);
      else reject(new Error(`'${command}' ended with ${signal ?? code}: ${messages().trim()}`));
    });
  });
}

/** Why a program is missing, or null. */
export function missingProgram(program: string, packageName: string): string | null {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore', timeout: commandMs });
    return null;
  } catch {
    return `${program} is not installed (Debian package ${packageName})`;
  }
}

/** First line of what a program says of its version; null when it is not there. */
export function versionOf(program: string): string | null {
  try {
    const text = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: commandMs, stdio: 'pipe' });
    return text.split('\n')[0] ?? null;
  } catch {
    return null;
  }
}
