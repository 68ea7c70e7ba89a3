import { type ErrorCode, RequestError } from '../errors/index.ts';
import { isAtLeast } from '../linux/kernel.ts';
import { defaultAttributes, type MountKind, type MountOption, mountOptions } from './mount-options.ts';
import { nearest, quote } from './text.ts';
import type { RequestContext } from './types.ts';

/** The option of that name; undefined if there is none. */
export function optionNamed(name: string): MountOption | undefined {
  return Object.hasOwn(mountOptions, name) ? mountOptions[name] : undefined;
}

/** Names of the options of these kinds of mounts. */
export function optionsFor(...kinds: readonly MountKind[]): string[] {
  const entries = Object.entries(mountOptions);
  return entries.filter(([, option]) => option.kinds.some((kind) => kinds.includes(kind))).map(([name]) => name);
}

/** Podman's options of a later version, with what to do until then. */
const laterMountOptions: Readonly<Record<string, string>> = {
  U: 'chown -R USER:GROUP the source on the host',
  O: "mount it with ':ro', and a tmpfs beside it for what is written",
  idmap: 'run as the owner of the source: --user UID:GID',
};

/** @param names known options; a trailing `=` marks an option with a value */
export function unknownOption(code: ErrorCode, what: string, option: string, names: readonly string[]): RequestError {
  const later = Object.hasOwn(laterMountOptions, option) ? laterMountOptions[option] : undefined;
  if (later !== undefined) {
    const message = `${what} has ${quote(option)}, which comes with a later version`;
    return new RequestError('ORLOP_E_LATER', message, { hint: `until then: ${later}` });
  }
  const bare = (name: string) => name.replace(/=.*$/s, '');
  const close = nearest(bare(option), names.map(bare));
  const isNear = close !== undefined && close !== bare(option);
  const hint = isNear ? `did you mean '${close}'?` : `options are ${names.join(', ')}`;
  return new RequestError(code, `${what} has an unknown option ${quote(option)}`, { hint });
}

/**
 * Chooses one option per class.
 *
 * @throws {RequestError} with `code`, if two options are of one class
 */
export function chooseOptions(code: ErrorCode, what: string, names: Iterable<string>): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const name of names) {
    const group = optionNamed(name)?.class ?? name;
    const other = chosen.get(group);
    if (other !== undefined) {
      const clash = other === name ? `${quote(name)} twice` : `both ${quote(other)} and ${quote(name)}`;
      throw new RequestError(code, `${what} has ${clash}`, { hint: 'keep one of them' });
    }
    chosen.set(group, name);
  }
  return chosen;
}

/**
 * Refuses options that the kernel does not know: it would fail the start, or ignore the option in the older mount(2).
 *
 * @throws {RequestError} ORLOP_E_KERNEL
 */
export function refuseTooNew(what: string, names: Iterable<string>, context: RequestContext): void {
  for (const name of names) {
    const since = optionNamed(name)?.since;
    if (since === undefined || isAtLeast(context.kernel(), since)) continue;
    throw new RequestError('ORLOP_E_KERNEL', `${what} has '${name}', which needs Linux ${since.join('.')} or newer`, {
      hint: `leave it out: this is Linux ${context.kernel()}`,
    });
  }
}

/** Attributes of a mount with these options on top of the default ones. The last option of a class wins. */
export function attributesWith(kind: MountKind, names: Iterable<string>): number {
  let attributes = defaultAttributes[kind];
  for (const name of names) {
    const option = optionNamed(name);
    if (option !== undefined) attributes = (attributes & ~bitsOf(option)) | (option.sets ?? 0);
  }
  return attributes;
}

/** The options that differ from the kind's default options. Inverse of `attributesWith`. */
export function optionsIn(kind: MountKind, attributes: number): string[] {
  const changed = attributes ^ defaultAttributes[kind];
  return optionsFor(kind).filter((name) => {
    const option = optionNamed(name);
    if (option === undefined) return false;
    const bits = bitsOf(option);
    return (bits & changed) !== 0 && (bits & attributes) === (option.sets ?? 0);
  });
}

/** All bits that options of this class set. */
function bitsOf(option: MountOption): number {
  let bits = 0;
  for (const other of Object.values(mountOptions)) if (other.class === option.class) bits |= other.sets ?? 0;
  return bits;
}
