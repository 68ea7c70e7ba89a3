import type { Command, Option } from 'commander';
import { capabilityNames } from '../../linux/capabilities.ts';

/** Kinds of named objects in a store. */
export type Kind = 'container' | 'image' | 'volume';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Candidates that the shell adds itself. */
  readonly also: 'nothing' | 'files' | 'directories';
}

/** The command tree and the names in the store, read on demand. */
export interface Sources {
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  /** Definition of a command: options and arguments, by its full name. */
  define(name: string): Promise<{ readonly command: Command; readonly passThrough: boolean }>;
  names(kind: Kind): Promise<readonly Candidate[]>;
}

const nothing: Completion = { candidates: [], also: 'nothing' };

/**
 * Completes the last word.
 *
 * @param words words after the program's name; the last one is being typed, and may be empty
 */
export async function complete(words: readonly string[], sources: Sources): Promise<Completion> {
  const current = words.at(-1) ?? '';
  const { before, directory } = withoutGlobals(words.slice(0, -1));
  if (directory) return { candidates: [], also: 'directories' };
  const name = commandOf(before, sources);
  if (name === undefined) return beginning(commandNames(before, sources), current);
  const { command, passThrough } = await sources.define(name);
  return inCommand(command, passThrough, before.slice(name.split(' ').length), current, sources);
}

/** Removes the options before the command, of which only `--root DIR` takes a value. */
function withoutGlobals(words: readonly string[]): { before: readonly string[]; directory: boolean } {
  let at = 0;
  while (words[at]?.startsWith('-')) at += words[at] === '--root' ? 2 : 1;
  return { before: words.slice(at), directory: at > words.length };
}

function commandOf(words: readonly string[], { commands }: Sources): string | undefined {
  return [2, 1]
    .map((count) => words.slice(0, count).join(' '))
    .find((one) => commands.some(({ name }) => name === one));
}

/** The next word of each command that begins with these words, without duplicates. */
function commandNames(before: readonly string[], { commands }: Sources): Candidate[] {
  const start = before.map((word) => `${word} `).join('');
  const found = new Map<string, Candidate>();
  for (const { name, summary } of commands) {
    if (!name.startsWith(start)) continue;
    const [value = '', ...more] = name.slice(start.length).split(' ');
    found.set(value, more.length === 0 ? { value, description: summary } : { value });
  }
  return [...found.values()];
}

async function inCommand(
  command: Command,
  passThrough: boolean,
  before: readonly string[],
  current: string,
  sources: Sources,
): Promise<Completion> {
  const { positional, waiting, ended } = walk(command, passThrough, before);
  if (waiting !== undefined) return optionValue(waiting, current, sources);
  const assigned = /^(--[^=]+)=(.*)$/s.exec(current);
  if (!ended && assigned !== null) {
    const option = find(command, assigned[1] ?? '');
    const { candidates, also } = option === undefined ? nothing : await optionValue(option, assigned[2] ?? '', sources);
    return { candidates: candidates.map((one) => ({ ...one, value: `${assigned[1]}=${one.value}` })), also };
  }
  if (!ended && current.startsWith('-')) return beginning(optionNames(command), current);
  return argument(command, positional, current, sources);
}

/** Position of the cursor: the option that needs a value, or the number of arguments before the cursor. */
function walk(command: Command, passThrough: boolean, words: readonly string[]) {
  let positional = 0;
  let waiting: Option | undefined;
  let ended = false;
  for (const word of words) {
    if (waiting !== undefined) waiting = undefined;
    else if (!ended && word === '--') ended = true;
    else if (!ended && word.startsWith('-') && word.length > 1) waiting = waitsAfter(command, word);
    else {
      positional++;
      ended ||= passThrough;
    }
  }
  return { positional, waiting, ended };
}

/**
 * The option of a word that needs the next word as value: `-v` does, `-vx:/y` and `--volume=…` do not; `-iv` ends in
 * one.
 */
function waitsAfter(command: Command, word: string): Option | undefined {
  if (word.startsWith('--')) {
    const option = word.includes('=') ? undefined : find(command, word);
    return option?.required ? option : undefined;
  }
  for (let at = 1; at < word.length; at++) {
    const option = find(command, `-${word[at]}`);
    if (option?.required) return at === word.length - 1 ? option : undefined;
  }
  return undefined;
}

function find(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => long === flag || short === flag);
}

function optionNames(command: Command): Candidate[] {
  const options = command.options.filter(({ hidden }) => !hidden);
  return [
    ...options.map(({ long, short, description }) => ({ value: long ?? short ?? '', description })),
    { value: '--help', description: 'Show what it takes' },
  ];
}

async function optionValue(option: Option, current: string, sources: Sources): Promise<Completion> {
  const name = option.attributeName();
  if (name === 'volume') return volumeSpec(current, sources);
  const fixed = fixedValues[name];
  if (fixed !== undefined)
    return beginning(
      fixed.map((value) => ({ value })),
      current,
    );
  const value = /<(.*)>/.exec(option.flags)?.[1];
  if (value === 'file') return { candidates: [], also: 'files' };
  return nothing;
}

const capabilities = ['ALL', ...capabilityNames.map((name) => name.replace('CAP_', ''))];

const fixedValues: Readonly<Record<string, readonly string[]>> = {
  network: ['none', 'host'],
  pid: ['private', 'host'],
  cgroupns: ['private', 'host'],
  net: ['none', 'host'],
  capAdd: capabilities,
  capDrop: capabilities,
  securityOpt: [
    'no-new-privileges=true',
    'no-new-privileges=false',
    'seccomp=unconfined',
    'seccomp=',
    'systempaths=host',
  ],
  type: ['container', 'image', 'volume'],
};

/** Completes the source of a volume: a volume of the store or a path of the host. Targets cannot be completed. */
async function volumeSpec(current: string, sources: Sources): Promise<Completion> {
  if (current.includes(':')) return nothing;
  if (/^[./~]/.test(current)) return { candidates: [], also: 'files' };
  const volumes = (await sources.names('volume')).map(({ value }) => ({ value: `${value}:/` }));
  return { ...beginning(volumes, current), also: 'files' };
}

/** Kinds of objects by the names of arguments in the command tree. */
const argumentKinds: Readonly<Record<string, readonly Kind[]>> = {
  container: ['container'],
  image: ['image'],
  repository: ['image'],
  volume: ['volume'],
};

async function argument(command: Command, position: number, current: string, sources: Sources): Promise<Completion> {
  const all = command.registeredArguments;
  const last = all.at(-1);
  const one = all[position] ?? (last?.variadic ? last : undefined);
  if (one === undefined) return nothing;
  const name = one.name();
  // The container's command may take files of the host, in a volume at the same path.
  if (name === 'file' || name === 'command') return { candidates: [], also: 'files' };
  if (name === 'shell')
    return beginning(
      ['bash', 'fish', 'zsh'].map((value) => ({ value })),
      current,
    );
  const everything = name === 'name' && last?.variadic === true;
  const kinds = everything ? (['container', 'image', 'volume'] as const) : (argumentKinds[name] ?? []);
  const names = await Promise.all(kinds.map((kind) => sources.names(kind)));
  return beginning(names.flat(), current);
}

function beginning(candidates: readonly Candidate[], current: string): Completion {
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), also: 'nothing' };
}
