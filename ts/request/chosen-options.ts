import { type ErrorCode, RequestError } from '../errors/index.ts';
import { isAtLeast } from '../linux/kernel.ts';
import { defaultAttributes, type MountKind, type MountOption, mountOptions } from './mount-options.ts';
import { nearest, quote } from './text.ts';
import type { RequestContext } from './types.ts';

/** The option of that name, if there is one. */
export function optionNamed(name: string): MountOption | undefined {
  return Object.hasOwn(mountOptions, name) ? mountOptions[name] : undefined;
}

/** Names of the options that one of these kinds of mounts takes. */
export function optionsFor(...kinds: readonly MountKind[]): string[] {
  const entries = Object.entries(mountOptions);
  return entries.filter(([, option]) => option.kinds.some((kind) => kinds.includes(kind))).map(([name]) => name);
}

/** @param names of the options that there are; a `=` at the end says that a value follows */
export function unknownOption(code: ErrorCode, what: string, option: string, names: readonly string[]): RequestError {
  const bare = (name: string) => name.replace(/=.*$/s, '');
  const close = nearest(bare(option), names.map(bare));
  const isNear = close !== undefined && close !== bare(option);
  const hint = isNear ? `did you mean '${close}'?` : `options are ${names.join(', ')}`;
  return new RequestError(code, `${what} has an unknown option ${quote(option)}`, { hint });
}

/**
 * By class, which option was chosen.
 *
 * @throws {RequestError} with `code`, where two are of one class
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
 * A kernel that does not know an option refuses the start, or, asked by the older mount(2), ignores it.
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

/** The attributes of a mount with these options on top of the default ones. Of one class the last one holds. */
export function attributesWith(kind: MountKind, names: Iterable<string>): number {
  let attributes = defaultAttributes[kind];
  for (const name of names) {
    const option = optionNamed(name);
    if (option !== undefined) attributes = (attributes & ~bitsOf(option)) | (option.sets ?? 0);
  }
  return attributes;
}

/** The options that give a mount these attributes, without those that it has by default: undoes `attributesWith`. */
export function optionsIn(kind: MountKind, attributes: number): string[] {
  const changed = attributes ^ defaultAttributes[kind];
  return optionsFor(kind).filter((name) => {
    const option = optionNamed(name);
    if (option === undefined) return false;
    const bits = bitsOf(option);
    return (bits & changed) !== 0 && (bits & attributes) === (option.sets ?? 0);
  });
}

/** All bits that options of its class set. */
function bitsOf(option: MountOption): number {
  let bits = 0;
  for (const other of Object.values(mountOptions)) if (other.class === option.class) bits |= other.sets ?? 0;
  return bits;
}
