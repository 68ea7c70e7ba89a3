import { RequestError } from '../errors/index.ts';
import { checkText, quote } from './text.ts';
import type { EnvEntry, RequestContext } from './types.ts';

type Environment = RequestContext['env'];

/**
 * Parses the value of `-e`: `A=b`, or `A`, which takes the caller's value. If the caller has no `A`, it removes the
 * image's.
 *
 * @throws {RequestError} ORLOP_E_ENVIRONMENT
 */
export function parseEnv(text: string, environment: Environment): EnvEntry {
  const at = text.indexOf('=');
  if (at < 0) return envEntry(text, inherited(text, environment));
  return envEntry(text.slice(0, at), text.slice(at + 1));
}

/** Checks the name and the value of a variable. */
export function envEntry(name: string, value: string | null): EnvEntry {
  if (name === '') {
    throw new RequestError('ORLOP_E_ENVIRONMENT', `an environment variable has no name: ${quote(`=${value ?? ''}`)}`, {
      hint: `write 'NAME=value'`,
    });
  }
  checkText('ORLOP_E_ENVIRONMENT', `the environment variable ${quote(name)}`, `${name}${value ?? ''}`);
  if (name.includes('=')) {
    throw new RequestError('ORLOP_E_ENVIRONMENT', `the name ${quote(name)} of an environment variable contains '='`);
  }
  return { name, value };
}

/**
 * Parses the content of an `--env-file` like Docker: one variable a line; `#` starts a comment line; values are taken
 * literally, with quotes and blanks. A name without `=` takes the caller's value, or is left out.
 *
 * @throws {RequestError} ORLOP_E_ENVIRONMENT with the file and the line
 */
export function parseEnvFile(content: string, file: string, environment: Environment): EnvEntry[] {
  const entries: EnvEntry[] = [];
  const lines = content.replace(/^\ufeff/, '').split('\n');
  lines.forEach((raw, index) => {
    const line = raw.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) return;
    const where = `line ${index + 1} of ${quote(file)}`;
    const at = line.indexOf('=');
    const name = at < 0 ? line : line.slice(0, at);
    if (name === '') {
      throw new RequestError('ORLOP_E_ENVIRONMENT', `${where} has no variable name`, { hint: `write 'NAME=value'` });
    }
    if (/\s/.test(name)) {
      throw new RequestError('ORLOP_E_ENVIRONMENT', `${where}: the name ${quote(name)} contains white space`, {
        hint: `write 'NAME=value' without 'export' and without blanks before '='`,
      });
    }
    const value = at < 0 ? inherited(name, environment) : line.slice(at + 1);
    if (value !== null) entries.push(envEntry(name, value));
  });
  return entries;
}

/** Merges variables: each name once, at its first place, with its last value. */
export function mergeEnv(entries: Iterable<EnvEntry>): EnvEntry[] {
  const byName = new Map<string, EnvEntry>();
  for (const entry of entries) byName.set(entry.name, entry);
  return [...byName.values()];
}

function inherited(name: string, environment: Environment): string | null {
  return Object.hasOwn(environment, name) ? (environment[name] ?? null) : null;
}
