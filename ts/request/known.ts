import {
  type ApplicationOptions,
  type ApplicationRequest,
  parseApplicationOptions,
  parseRunOptions,
} from './options.ts';
import type { RequestContext, RunOptions, RunRequest } from './types.ts';

/** Cache of parsed requests: programs repeat them. */
const known = new Map<string, RunRequest>();
const knownOwn = new Map<string, ApplicationRequest>();
const maxKnownRequests = 64;

/**
 * Parses like `parseRunOptions`, and returns the same immutable request for equal options. Options that cannot be
 * compared quickly, or depend on the working directory or environment, are parsed each time.
 */
export function knownRequest(
  image: string,
  argv: readonly string[],
  options: RunOptions,
  context: RequestContext,
): RunRequest {
  return recall(known, keyOf(image, argv, options), () => parseRunOptions(image, argv, options, context));
}

/** Parses like `parseApplicationOptions`, with the cache of `knownRequest`. */
export function knownApplicationRequest(
  argv: readonly string[],
  options: ApplicationOptions,
  context: RequestContext,
): ApplicationRequest {
  return recall(knownOwn, keyOf('', argv, options), () => parseApplicationOptions(argv, options, context));
}

function recall<Request>(from: Map<string, Request>, key: string | null, read: () => Request): Request {
  const found = key === null ? undefined : from.get(key);
  if (found !== undefined) return found;
  const request = read();
  if (key === null) return request;
  const [oldest] = from.keys();
  if (from.size >= maxKnownRequests && oldest !== undefined) from.delete(oldest);
  from.set(key, request);
  return request;
}

type Comparable = string | number | boolean | readonly Comparable[];

/** Key of the cache, equal only for equal options; null for options that are parsed each time. */
function keyOf(image: unknown, argv: unknown, options: object): string | null {
  if (typeof image !== 'string' || !isTexts(argv) || !isPlain(options)) return null;
  const parts: Comparable[] = [image, argv];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const part = partOf(name, value);
    if (part === null) return null;
    parts.push(name, part);
  }
  return JSON.stringify(parts);
}

function partOf(name: string, value: unknown): Comparable | null {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  // Not cached: a path may depend on the working directory.
  if (name === 'securityOpt') return null;
  if (isTexts(value)) return value.every((text) => isAbsolute(name, text)) ? value : null;
  if (name !== 'env' && name !== 'labels' && name !== 'limits') return null;
  return typeof value === 'object' && value !== null && isPlain(value) ? pairsOf(value) : null;
}

/** True if the text means the same in any working directory and environment. */
function isAbsolute(name: string, text: string): boolean {
  if (name === 'volumes') return !text.startsWith('.');
  return name !== 'env' || text.includes('=');
}

function pairsOf(value: object): Comparable | null {
  const pairs: Comparable[] = [];
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string' && !Number.isFinite(text)) return null;
    pairs.push(name, text);
  }
  // Nested, so that pairs differ from a list of texts.
  return [pairs];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') && !hasHoles(value);
}

/** True for a sparse list: `every` skips its holes. */
function hasHoles(list: readonly unknown[]): boolean {
  for (let index = 0; index < list.length; index++) if (!(index in list)) return true;
  return false;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && Object.getOwnPropertySymbols(value).length === 0;
}
