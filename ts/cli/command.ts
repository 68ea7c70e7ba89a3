import type { Command } from 'commander';
import type { CommandRuntime } from '../api/command-runtime.ts';
import type { Io } from './io.ts';
import type { LaterOption } from './parse/later.ts';

/** Values of options by their long name in camel case, as commander gives them. */
export type Values = Readonly<Record<string, unknown>>;

/** Parsed command line of a command. */
export interface Arguments {
  readonly args: readonly string[];
  readonly values: Values;
}

export interface Invocation extends Arguments {
  readonly io: Io;
  /** Value of `--root`. */
  readonly root: string | undefined;
  /** Opens the store that `--root` names, with the floor of `--isolation`, runs `use`, and closes it. */
  with<Result>(use: (orlop: CommandRuntime) => Promise<Result>): Promise<Result>;
}

export interface CommandOption {
  /** Flags in commander's form: `-e, --env <variable>`. */
  readonly flags: string;
  readonly text: string;
  /** True if the option can be repeated. */
  readonly many?: true;
}

/** Definition and action of a command. Loaded when the command is called. */
export interface CommandModule {
  /** True if options end at the first positional argument: the rest is the command of a container. */
  readonly passThrough?: true;
  /** True if the command makes a store where `--root` names none. For any other, such a `--root` is a mistake. */
  readonly makesStore?: true;
  /** Docker's options of a later version. Using one is refused by name, unless its value is what orlop does anyway. */
  readonly later?: readonly LaterOption[];
  /** Options for reading a command line without commander (plain.ts). */
  readonly options?: readonly CommandOption[];
  /** Notes below the options in the help and the manual page, for newcomers. */
  readonly notes?: string;
  /** Example command lines. */
  readonly examples?: readonly string[];
  /** Defines the arguments, and options that `options` lacks. */
  define(command: Command): void;
  /** Runs the command. Resolves to the exit status. */
  run(invocation: Invocation): Promise<number>;
}

/** Parser of an option that can be repeated. */
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

/** Value of a flag; undefined if it is unset, so that a default applies. */
export function flag(values: Values, name: string): boolean | undefined {
  const value = values[name];
  return typeof value === 'boolean' ? value : undefined;
}
