import type { Command } from 'commander';
import type { CommandRuntime } from '../api/command-runtime.ts';
import type { Io } from './io.ts';

/** Values of options by their long name in camel case, as commander gives them. */
export type Values = Readonly<Record<string, unknown>>;

/** What a command is given. */
export interface Arguments {
  readonly args: readonly string[];
  readonly values: Values;
}

export interface Invocation extends Arguments {
  readonly io: Io;
  /** Value of `--root`. */
  readonly root: string | undefined;
  /** Opens the store that `--root` names, runs `use`, and closes it. */
  with<Result>(use: (orlop: CommandRuntime) => Promise<Result>): Promise<Result>;
}

export interface CommandOption {
  /** As commander writes them: `-e, --env <variable>`. */
  readonly flags: string;
  readonly text: string;
  /** It may be given several times. */
  readonly many?: true;
}

/** One command: what it takes, and what it does. Loaded only when it is called. */
export interface CommandModule {
  /** Options end at the first positional argument: what follows is the command of a container. */
  readonly passThrough?: true;
  /** Options of Docker that come with a later version, as flags for commander; they are refused by that name. */
  readonly later?: readonly string[];
  /** Its options, where a command line that has nothing else is to be read without commander. */
  readonly options?: readonly CommandOption[];
  /** Lines below the options, in the help and on the manual page: what a newcomer has to know of the arguments. */
  readonly notes?: string;
  /** Command lines that show it. */
  readonly examples?: readonly string[];
  /** What it takes besides. */
  define(command: Command): void;
  /** Resolves to the exit status. */
  run(invocation: Invocation): Promise<number>;
}

/** Parser of an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function texts(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** An unset flag is undefined, which lets a default stand. */
export function flag(values: Values, name: string): boolean | undefined {
  const value = values[name];
  return typeof value === 'boolean' ? value : undefined;
}
