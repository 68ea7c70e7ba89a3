import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import {
  attributesWith,
  chooseOptions,
  optionNamed,
  optionsFor,
  refuseTooNew,
  unknownOption,
} from './chosen-options.ts';
import type { MountKind } from './mount-options.ts';
import { parseVolumeName } from './names.ts';
import { checkPath, cleanPath, parseTarget } from './paths.ts';
import { noLabels } from './selinux.ts';
import { checkText, quote } from './text.ts';
import type { MountSpec, RequestContext, VolumeInput } from './types.ts';

const form = `write '/target', 'name:/target' or '/host/path:/target[:options]'`;

/**
 * Parses the value of `-v`: `[SOURCE:]TARGET[:OPTIONS]`. A source that starts with `/` or `.` is a path of the host
 * (the latter relative to `context.cwd`), any other source the name of a volume. Without a source, the volume is
 * anonymous.
 *
 * @throws {RequestError} ORLOP_E_VOLUME_SPEC, ORLOP_E_VOLUME_NAME, ORLOP_E_TARGET, ORLOP_E_SOURCE, ORLOP_E_KERNEL
 * @example parseVolume('./one.conf:/etc/one.conf:ro', { cwd: '/home/a', env: {}, kernel: () => '6.12' })
 */
export function parseVolume(spec: string, context: RequestContext): MountSpec {
  const what = `volume ${quote(spec)}`;
  checkText('ORLOP_E_VOLUME_SPEC', 'a volume specification', spec);
  const fields = spec.split(':');
  if (spec === '') throw new RequestError('ORLOP_E_VOLUME_SPEC', 'a volume specification is empty', { hint: form });
  if (fields.length > 3) throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has too many colons`, { hint: form });
  if (fields.includes('')) throw emptyField(what, fields);
  const [first = '', second, third] = fields;
  if (second === undefined) return fromParts(what, undefined, wholeTarget(what, first), [], context);
  if (third === undefined && first.startsWith('/') && second.split(',').every(isOption)) {
    throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has options but no source`, {
      hint: `name a volume or a path before the target: 'name:${first}:${second}'`,
    });
  }
  return fromParts(what, first, second, third?.split(',') ?? [], context);
}

const knownVolumes = new Map<string, MountSpec>();
const maxKnownVolumes = 1024;

/** Parses like `parseVolume`, with a cache: programs repeat the same volumes. */
export function recallVolume(spec: string, context: RequestContext): MountSpec {
  const key = `${context.cwd}\0${spec}`;
  const before = knownVolumes.get(key);
  if (before !== undefined) return before;
  const mount = parseVolume(spec, context);
  if (knownVolumes.size >= maxKnownVolumes) knownVolumes.clear();
  knownVolumes.set(key, mount);
  return mount;
}

/** Parses a volume given as an object. */
export function volumeFromInput(input: VolumeInput, context: RequestContext): MountSpec {
  const { source, target, ...options } = input;
  return fromParts(`volume at ${quote(target)}`, source, target, namesOf(options), context);
}

/** The options of an object in the form of the command line. */
function namesOf(input: Omit<VolumeInput, 'source' | 'target'>): readonly string[] {
  const { readonly, nocopy = false, recursive, propagation, options = [] } = input;
  const names: string[] = [];
  if (readonly !== undefined) names.push(readonly ? 'ro' : 'rw');
  if (nocopy) names.push('nocopy');
  if (recursive !== undefined) names.push(recursive ? 'rbind' : 'bind');
  if (propagation !== undefined) names.push(propagation);
  return [...names, ...options];
}

function fromParts(
  what: string,
  source: string | undefined,
  givenTarget: string,
  names: readonly string[],
  context: RequestContext,
): MountSpec {
  const unknown = names.find((name) => !isOption(name));
  if (unknown !== undefined) throw unknownOption('ORLOP_E_VOLUME_SPEC', what, unknown, optionsFor(...kinds));
  const chosen = chooseOptions('ORLOP_E_VOLUME_SPEC', what, names);
  const target = parseTarget(what, givenTarget);
  if (source !== undefined && (source.startsWith('/') || source.startsWith('.'))) {
    checkOptions(what, 'bind', names, context);
    checkPath('ORLOP_E_SOURCE', `the source of ${what}`, source);
    const recursive = chosen.get('depth') !== 'bind';
    const propagation = onlyPrivate(what, chosen.get('propagation') ?? (recursive ? 'rprivate' : 'private'));
    const absolute = cleanPath(posix.resolve(context.cwd, source));
    return {
      type: 'bind',
      source: absolute,
      target,
      attributes: attributesWith('bind', names),
      recursive,
      propagation,
    };
  }
  const name = source === undefined ? null : sourceName(what, source);
  checkOptions(what, 'volume', names, context);
  return { type: 'volume', name, target, attributes: attributesWith('volume', names), nocopy: chosen.has('copy') };
}

const kindNames = { bind: 'a host path', volume: 'a volume' } as const;

/** Reasons why a kind of mount does not take an option, by class. */
const reasons: Readonly<Record<string, string>> = {
  copy: 'nothing is ever copied into one',
  propagation: 'it has no mounts of the host below it',
};

/** Refuses options that the kind of mount does not take, or the kernel does not know. */
function checkOptions(
  what: string,
  kind: keyof typeof kindNames,
  names: readonly string[],
  context: RequestContext,
): void {
  for (const name of names) {
    const option = optionNamed(name);
    if (option === undefined || option.kinds.includes(kind)) continue;
    const message = `${what} has '${name}', which ${kindNames[kind]} does not take`;
    throw new RequestError('ORLOP_E_VOLUME_SPEC', message, { hint: reasons[option.class] ?? 'leave it out' });
  }
  const label = names.find((name) => optionNamed(name)?.class === 'label');
  if (label !== undefined) throw noLabels(`${what} has '${label}'`, context);
  refuseTooNew(what, names, context);
}

/** Only private propagation is supported. Other modes are refused rather than ignored. */
function onlyPrivate(what: string, propagation: string): 'private' | 'rprivate' {
  if (propagation === 'private' || propagation === 'rprivate') return propagation;
  throw new RequestError('ORLOP_E_LATER', `${what} has '${propagation}', which comes with a later version`, {
    hint: `leave it out: what is mounted on either side later stays there ('rprivate')`,
  });
}

/** Checks the name of a volume. A text that looks like a path gets its own hint. */
function sourceName(what: string, source: string): string {
  if (source.startsWith('~')) {
    throw new RequestError('ORLOP_E_SOURCE', `the source of ${what} starts with '~', which only a shell understands`, {
      hint: `write "$HOME${source.replace(/^~[^/]*/, '')}"`,
    });
  }
  if (source.includes('/')) {
    throw new RequestError('ORLOP_E_VOLUME_NAME', `the source of ${what} is neither a path nor the name of a volume`, {
      hint: `for a host path write ${quote(`./${source}`)} or an absolute path`,
    });
  }
  return parseVolumeName(source);
}

/** Refuses `-v name`, which in Docker would be an anonymous volume at `/name`. */
function wholeTarget(what: string, target: string): string {
  if (target.startsWith('/')) return target;
  if (target.startsWith('.') || target.includes('/')) {
    throw new RequestError('ORLOP_E_TARGET', `${what} is one path and not absolute`, {
      hint: `write '${target}:/target' to mount it, or '/target' for a new volume`,
    });
  }
  throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has no target`, {
    hint: `did you mean '${target}:/${target}'?`,
  });
}

const kinds: readonly MountKind[] = ['bind', 'volume'];

function isOption(name: string): boolean {
  return optionNamed(name)?.kinds.some((kind) => kinds.includes(kind)) ?? false;
}

function emptyField(what: string, fields: readonly string[]): RequestError {
  if (fields[1] === '') return new RequestError('ORLOP_E_TARGET', `${what} has an empty target`, { hint: form });
  const place = fields[0] === '' ? 'source' : 'list of options';
  return new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has an empty ${place}`, { hint: form });
}
