import { printable } from '../errors/printable.ts';
import { capabilitiesOf } from '../linux/capabilities.ts';
import { attribute } from '../linux/mount-attributes.ts';
import { rlimits, unlimited } from '../linux/rlimits.ts';
import { signalName } from '../linux/signals.ts';
import { fileType, mountPoint, overlayOption, propagation } from './constants.ts';
import { meaningOf } from './slots.ts';
import type { Op, Plan, Slot } from './types.ts';

/** Describes an operation in words: flags by name, slots by their content. Empty if the operation's name says all. */
export function wordsFor(plan: Plan, op: Op): string {
  switch (op.op) {
    case 'propagation':
      return list(quote(op.path), nameOf(propagation, op.mode), op.recursive && 'recursive');
    case 'overlay':
      return list(
        `lower ${op.layers.map(quote).join(', ')}`,
        op.upper && `upper ${quote(op.upper)}`,
        op.work && `work ${quote(op.work)}`,
        `at ${quote(op.at)}`,
        flags(overlayOption, op.options),
        flags(attribute, op.attributes),
      );
    case 'bind':
      return list(quote(op.source), op.recursive && 'recursive', op.inode !== 0n && `inode ${op.device}:${op.inode}`);
    case 'tmpfs':
      return list(
        `mode ${octal(op.mode)}`,
        op.size !== 0n && `size ${op.size}`,
        op.inodes !== 0n && `inodes ${op.inodes}`,
        (op.uid !== 0 || op.gid !== 0) && `owner ${op.uid}:${op.gid}`,
        flags(attribute, op.attributes),
        op.at && `at ${quote(op.at)}`,
      );
    case 'proc':
    case 'sysfs':
    case 'mqueue':
    case 'cgroup':
      return flags(attribute, op.attributes);
    case 'devpts':
      return list(
        `gid ${op.gid}`,
        `mode ${octal(op.mode)}`,
        `ptmxmode ${octal(op.ptmxMode)}`,
        flags(attribute, op.attributes),
      );
    case 'device':
      return list(
        quote(op.name),
        `${(op.mode & fileType.mask) === fileType.block ? 'block' : 'char'} ${op.major}:${op.minor}`,
        `mode ${octal(op.mode & ~fileType.mask)}`,
        (op.uid !== 0 || op.gid !== 0) && `owner ${op.uid}:${op.gid}`,
      );
    case 'directory':
      return list(
        quote(op.name),
        `mode ${octal(op.mode)}`,
        (op.uid !== 0 || op.gid !== 0) && `owner ${op.uid}:${op.gid}`,
      );
    case 'symlink':
      return `${quote(op.name)} -> ${quote(op.content)}`;
    case 'file':
      return list(quote(op.name), `mode ${octal(op.mode)}`, `${op.content.length} bytes`);
    case 'idmap':
      return `of ${nameOfSlot(plan, op.mount)}`;
    case 'place':
      return `at ${quote(op.at)}`;
    case 'attributes':
      return list(
        `of ${nameOfSlot(plan, op.mount)}`,
        flags(attribute, op.set),
        op.clear !== 0 && `not ${flags(attribute, op.clear)}`,
        op.propagation !== 0 && nameOf(propagation, op.propagation),
        op.recursive && 'recursive',
      );
    case 'root':
      return `${nameOfSlot(plan, op.mount)} on ${quote(op.at)}`;
    case 'attach':
      return list(
        `${nameOfSlot(plan, op.mount)} on ${quote(op.target)}`,
        nameOf(mountPoint, op.kind),
        op.create && 'created if missing',
      );
    default:
      return processWords(plan, op);
  }
}

type Making =
  | 'propagation'
  | 'overlay'
  | 'bind'
  | 'tmpfs'
  | 'proc'
  | 'sysfs'
  | 'mqueue'
  | 'cgroup'
  | 'devpts'
  | 'device'
  | 'directory'
  | 'symlink'
  | 'file'
  | 'attributes'
  | 'idmap'
  | 'place'
  | 'root'
  | 'attach';

function processWords(plan: Plan, op: Exclude<Op, { op: Making }>): string {
  switch (op.op) {
    case 'mask':
      return quote(op.target);
    case 'readonly':
      return list(quote(op.target), op.recursive && 'recursive');
    case 'join':
      return nameOfSlot(plan, op.namespace);
    case 'hostname':
    case 'keyring':
      return quote(op.name);
    case 'sysctl':
      return `${quote(op.name)} = ${quote(op.value)}`;
    case 'oom-score':
      return op.value;
    case 'apparmor':
      return quote(op.profile);
    case 'stdio':
      return [op.in, op.out, op.err].map((slot) => nameOfSlot(plan, slot)).join(', ');
    case 'rlimit':
      return list(nameOf(rlimits, op.resource), `soft ${limit(op.soft)}`, `hard ${limit(op.hard)}`);
    case 'umask':
      return octal(op.mask);
    case 'chdir':
      return list(quote(op.path), op.create && 'created if missing');
    case 'bounding':
      return capabilityWords(op.set);
    case 'ids':
      return list(`uid ${op.uid}`, `gid ${op.gid}`, `groups ${op.groups.join(' ') || 'none'}`);
    case 'capabilities':
      return list(
        `effective ${capabilityWords(op.effective)}`,
        op.permitted !== op.effective && `permitted ${capabilityWords(op.permitted)}`,
        op.inheritable !== 0n && `inheritable ${capabilityWords(op.inheritable)}`,
        op.ambient !== 0n && `ambient ${capabilityWords(op.ambient)}`,
      );
    case 'parent-death':
      return signalName(op.signal);
    case 'seccomp':
      return `${op.program.length / 8} instructions`;
    case 'barrier':
      return nameOfSlot(plan, op.gate);
    case 'exec':
      return list(
        op.argv.map(quote).join(' '),
        `tries ${op.candidates.map(quote).join(', ')}`,
        // The variables' values may be secret, but a plan is made to be shown.
        `${op.env.length} environment variables`,
      );
    case 'exec-file':
      return list(nameOfSlot(plan, op.file), op.argv.map(quote).join(' '));
    case 'loopback':
    case 'pivot':
    case 'session':
    case 'signals':
    case 'no-new-privileges':
    case 'close-fds':
    case 'fork':
      return '';
  }
}

function nameOfSlot(plan: Plan, slot: Slot | null): string {
  return quote(meaningOf(plan, slot));
}

function list(...parts: readonly (string | number | false | undefined)[]): string {
  return parts.filter((part) => typeof part === 'string' && part !== '').join(', ');
}

/** Quotes a text unless it is plain: no name of an image may control the terminal. */
export function quote(text: string): string {
  return /^[\w@%+=:,./~-]+$/.test(text) ? text : printable(JSON.stringify(text));
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}

function limit(value: bigint): string {
  return value === unlimited ? 'unlimited' : `${value}`;
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(table).find(([, number]) => number === value)?.[0] ?? `${value}`;
}

function capabilityWords(set: bigint): string {
  return capabilitiesOf(set).join(' ') || 'none';
}

/** Names of the bits, unknown ones in hexadecimal. */
function flags(table: Readonly<Record<string, number>>, set: number): string {
  let rest = set;
  const names: string[] = [];
  for (const [name, bit] of Object.entries(table)) {
    if ((rest & bit) === 0) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join(' ');
}
