import { RequestError } from '../errors/index.ts';
import { quote } from './text.ts';

/** IDs that a container has in a user namespace of its own: 0 to `size` - 1. */
export interface UserRange {
  /** IDs of the host that 0 stands for; null: of a range that no other running container has. */
  readonly first: { readonly user: number; readonly group: number } | null;
  readonly size: number;
}

/**
 * User namespace of a container: its own, or that of its caller (`host`). `default` is `host`, unless the isolation that
 * is asked for takes one.
 */
export type UserNamespace = 'default' | 'host' | UserRange;

/** IDs that an image may have. */
export const defaultRange: UserRange = { first: null, size: 65536 };

/** One more than the highest ID: the next would be -1. */
const endOfIds = 2 ** 32 - 1;

/**
 * Parses `host`, `auto`, `auto:size=SIZE`, `UID:GID:SIZE`, or `keep-id`: all IDs stand for themselves, as Podman has it
 * for root.
 *
 * @throws RequestError ORLOP_E_INPUT
 * @example parseUserNamespace('100000:100000:65536') // → { first: { user: 100000, group: 100000 }, size: 65536 }
 */
export function parseUserNamespace(text: string): UserNamespace {
  if (text === '' || text === 'host') return text === '' ? 'default' : text;
  if (text === 'keep-id') return { first: { user: 0, group: 0 }, size: endOfIds };
  const auto = /^auto(?::size=(\d+))?$/.exec(text);
  if (auto !== null) return rangeOf(text, null, auto[1] ?? `${defaultRange.size}`);
  const [, user, group, size] = /^(\d+):(\d+):(\d+)$/.exec(text) ?? [];
  if (user === undefined || group === undefined || size === undefined) {
    throw new RequestError('ORLOP_E_INPUT', `${quote(text)} is no user namespace`, {
      hint: 'write host, auto, auto:size=SIZE, keep-id or UID:GID:SIZE, as 100000:100000:65536',
    });
  }
  return rangeOf(text, { user: Number(user), group: Number(group) }, size);
}

function rangeOf(text: string, first: UserRange['first'], size: string): UserRange {
  const range = { first, size: Number(size) };
  const last = Math.max(first?.user ?? 0, first?.group ?? 0) + range.size;
  if (range.size >= 1 && last <= endOfIds) return range;
  throw new RequestError('ORLOP_E_INPUT', `the user namespace ${quote(text)} has IDs that there are not`, {
    hint: `at least one, and none above ${endOfIds - 1}`,
  });
}

/** The text that `parseUserNamespace` takes; an older version recorded none. Pure. */
export function formatUserNamespace(userns: UserNamespace | undefined): string {
  if (typeof userns !== 'object') return userns ?? 'default';
  const { first, size } = userns;
  if (first !== null) return `${first.user}:${first.group}:${size}`;
  return size === defaultRange.size ? 'auto' : `auto:size=${size}`;
}
