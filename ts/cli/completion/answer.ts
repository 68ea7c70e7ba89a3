import type { OrlopRuntime } from '../../api/types.ts';
import { commands } from '../commands.ts';
import type { Io } from '../io.ts';
import { defineCommand } from '../parse/define.ts';
import { type Candidate, complete, type Kind } from './complete.ts';

/**
 * Answers a shell: one line per candidate, with its description after a tab, and a last line that says what the shell
 * adds (`:nothing`, `:files`, `:directories`). Without access to the store, it answers without names and without an
 * error.
 */
export async function answer(words: readonly string[], io: Io): Promise<number> {
  const { candidates, also } = await complete(words, {
    commands,
    define: async (name) => {
      const entry = commands.find((one) => one.name === name);
      if (entry === undefined) throw new Error(`no command ${name}`);
      const { command, module } = await defineCommand(entry);
      return { command, passThrough: module.passThrough === true };
    },
    names: (kind) => namesIn(kind, rootOf(words), io).catch(() => []),
  });
  const lines = candidates.map(({ value, description }) => (description ? `${value}\t${description}` : value));
  io.stdout.write([...lines, `:${also}`, ''].join('\n'));
  return 0;
}

/** The value of `--root` in the line being typed. */
function rootOf(words: readonly string[]): string | undefined {
  const at = words.indexOf('--root');
  return at < 0 ? words.find((word) => word.startsWith('--root='))?.slice('--root='.length) : words[at + 1];
}

async function namesIn(kind: Kind, root: string | undefined, io: Io): Promise<Candidate[]> {
  const orlop = await io.open({ root });
  try {
    return await list(kind, orlop);
  } finally {
    await orlop.close();
  }
}

async function list(kind: Kind, orlop: OrlopRuntime): Promise<Candidate[]> {
  if (kind === 'container') {
    const { items } = await orlop.containers.list({ all: true });
    return items.map(({ name, status, image }) => ({ value: name, description: `${status}, ${image.reference}` }));
  }
  if (kind === 'volume') return (await orlop.volumes.list()).items.map(({ name }) => ({ value: name }));
  const { items } = await orlop.images.list();
  return [...new Set(['host', ...items.flatMap(({ references }) => references)])].map((value) => ({ value }));
}
