import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import type { ImageConfig } from './types.ts';

type Editable = { -readonly [Key in keyof ImageConfig]: ImageConfig[Key] };
type Apply = (config: Editable, argument: string, instruction: string, seen: Set<string>) => void;

const shell = ['/bin/sh', '-c'];

const instructions: Readonly<Record<string, Apply>> = {
  CMD: (config, argument) => {
    config.cmd = command(argument);
  },
  // A new entrypoint removes the old command, unless an earlier change set the command.
  ENTRYPOINT: (config, argument, _instruction, seen) => {
    config.entrypoint = command(argument);
    if (!seen.has('CMD')) config.cmd = [];
  },
  ENV: (config, argument, instruction) => {
    for (const [name, value] of pairs(argument, instruction)) {
      config.env = [...config.env.filter((entry) => !entry.startsWith(`${name}=`)), `${name}=${value}`];
    }
  },
  EXPOSE: (config, argument, instruction) => {
    for (const port of words(argument, instruction)) {
      const match = /^(\d{1,5}(?:-\d{1,5})?)(?:\/(tcp|udp|sctp))?$/i.exec(port);
      if (match === null) throw refuse(instruction, `'${port}' is not a port`, `write a port such as '80/tcp'`);
      config.exposedPorts = union(config.exposedPorts, `${match[1]}/${(match[2] ?? 'tcp').toLowerCase()}`);
    }
  },
  LABEL: (config, argument, instruction) => {
    config.labels = { ...config.labels, ...Object.fromEntries(pairs(argument, instruction)) };
  },
  STOPSIGNAL: (config, argument, instruction) => {
    if (!/^(?:\d{1,2}|(?:SIG)?[A-Z][A-Z0-9+-]*)$/i.test(argument)) throw refuse(instruction, 'that is not a signal');
    config.stopSignal = argument;
  },
  USER: (config, argument) => {
    config.user = argument;
  },
  VOLUME: (config, argument, instruction) => {
    for (const path of list(argument) ?? words(argument, instruction)) {
      if (!path.startsWith('/')) throw refuse(instruction, `'${path}' is not absolute`, `write '/${path}'`);
      config.volumes = union(config.volumes, posix.resolve(path));
    }
  },
  WORKDIR: (config, argument) => {
    config.workingDir = posix.resolve(config.workingDir || '/', argument);
  },
};

/**
 * Applies Dockerfile instructions to the configuration of an image, as `commit --change` and `import --change` do.
 *
 * @throws {RequestError} ORLOP_E_INPUT
 */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  const result: Editable = { ...config };
  const seen = new Set<string>();
  for (const instruction of changes) {
    const [, keyword = '', argument = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(instruction) ?? [];
    const name = keyword.toUpperCase();
    const apply = Object.hasOwn(instructions, name) ? instructions[name] : undefined;
    if (apply === undefined) {
      throw refuse(instruction, `'${keyword}' cannot be changed`, `use one of ${Object.keys(instructions).join(', ')}`);
    }
    if (argument === '') throw refuse(instruction, `${name} needs an argument`);
    if (instruction.includes('\0')) throw refuse(instruction, 'a NUL is in it');
    apply(result, argument, instruction, seen);
    seen.add(name);
  }
  return result;
}

function refuse(instruction: string, why: string, hint?: string): RequestError {
  return new RequestError('ORLOP_E_INPUT', `change '${instruction}' is not valid: ${why}`, { hint });
}

/** The exec form (a JSON list) unchanged, any other text as a command of a shell. */
function command(argument: string): readonly string[] {
  return list(argument) ?? [...shell, argument];
}

function list(argument: string): string[] | null {
  if (!argument.startsWith('[')) return null;
  try {
    const value: unknown = JSON.parse(argument);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : null;
  } catch {
    return null;
  }
}

function union(list: readonly string[], item: string): string[] {
  return [...new Set([...list, item])].sort();
}

/** Variables of `a=1 b="2 3"`, or of the old form `a the rest`. */
function pairs(argument: string, instruction: string): [name: string, value: string][] {
  const first = /^(\S+)\s+(.*)$/s.exec(argument);
  if (first !== null && !(first[1] ?? '').includes('=')) return [[first[1] ?? '', first[2] ?? '']];
  return words(argument, instruction).map((word) => {
    const at = word.indexOf('=');
    if (at <= 0) throw refuse(instruction, `'${word}' is not name=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

/** Splits at spaces. Quotes hold a word together, a backslash escapes the next character. */
function words(argument: string, instruction: string): string[] {
  const result: string[] = [];
  const word = /(?:[^\s"'\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+|(\S)/gs;
  for (const match of argument.matchAll(word)) {
    if (match[1] !== undefined) throw refuse(instruction, 'a quote is not closed');
    result.push(
      match[0].replace(/\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"/gs, (_all, escaped, single, double) => {
        if (escaped !== undefined) return escaped;
        return single ?? String(double).replace(/\\(["\\$])/g, '$1');
      }),
    );
  }
  return result;
}
