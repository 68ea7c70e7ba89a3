import { posix } from 'node:path';
import { RequestError } from '../errors/index.ts';
import { parseVolumeName } from './names.ts';
import { checkPath, cleanPath, parseTarget } from './paths.ts';
import { nearest, quote, refuseNul } from './text.ts';
import type { MountSpec, Propagation, RequestContext, VolumeInput } from './types.ts';

const form = `write '/target', 'name:/target' or '/host/path:/target[:options]'`;

/** Of each class one option may be given. The ignored ones are for SELinux and for Docker on a Mac. */
const optionClasses: Readonly<Record<string, readonly string[]>> = {
  access: ['ro', 'rw'],
  copy: ['nocopy'],
  depth: ['bind', 'rbind'],
  propagation: ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'],
  label: ['z', 'Z'],
  consistency: ['consistent', 'cached', 'delegated'],
};
const classOf = new Map(
  Object.entries(optionClasses).flatMap(([name, options]) => options.map((option) => [option, name] as const)),
);

/**
 * Reads the value of `-v`: `[SOURCE:]TARGET[:OPTIONS]`. A source that starts with `/` or `.` is a path of the host (the
 * latter from `context.cwd`), any other is the name of a volume; without a source it is a new anonymous volume.
 *
 * @throws {RequestError} ORLOP_E_VOLUME_SPEC, ORLOP_E_VOLUME_NAME, ORLOP_E_TARGET, ORLOP_E_SOURCE
 * @example parseVolume('./one.conf:/etc/one.conf:ro', { cwd: '/home/a', env: {} })
 */
export function parseVolume(spec: string, context: RequestContext): MountSpec {
  const what = `volume ${quote(spec)}`;
  refuseNul('ORLOP_E_VOLUME_SPEC', 'a volume specification', spec);
  const fields = spec.split(':');
  if (spec === '') throw new RequestError('ORLOP_E_VOLUME_SPEC', 'a volume specification is empty', { hint: form });
  if (fields.length > 3) throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has too many colons`, { hint: form });
  if (fields.includes('')) throw emptyField(what, fields);
  const [first = '', second, third] = fields;
  if (second === undefined) return fromParts(what, undefined, wholeTarget(what, first), {}, context);
  if (third === undefined && first.startsWith('/') && second.split(',').every((option) => classOf.has(option))) {
    throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has options but no source`, {
      hint: `name a volume or a path before the target: 'name:${first}:${second}'`,
    });
  }
  return fromParts(what, first, second, parseOptions(what, third), context);
}

const known = new Map<string, MountSpec>();
const mostKnown = 1024;

/** As `parseVolume`, and remembers: programs start containers with the same volumes again and again. */
export function recallVolume(spec: string, context: RequestContext): MountSpec {
  const key = `${context.cwd}\0${spec}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const mount = parseVolume(spec, context);
  if (known.size >= mostKnown) known.clear();
  known.set(key, mount);
  return mount;
}

/** The same from an object. */
export function volumeFromInput(input: VolumeInput, context: RequestContext): MountSpec {
  const { source, target, ...options } = input;
  return fromParts(`volume at ${quote(target)}`, source, target, options, context);
}

type Options = Pick<VolumeInput, 'readonly' | 'nocopy' | 'recursive' | 'propagation'>;

function fromParts(
  what: string,
  source: string | undefined,
  givenTarget: string,
  options: Options,
  context: RequestContext,
): MountSpec {
  const target = parseTarget(what, givenTarget);
  const readonly = options.readonly ?? false;
  if (source !== undefined && (source.startsWith('/') || source.startsWith('.'))) {
    if (options.nocopy) throw notFor(what, 'nocopy', 'a host path', 'nothing is ever copied into one');
    checkPath('ORLOP_E_SOURCE', `the source of ${what}`, source);
    const { recursive = true, propagation = recursive ? 'rprivate' : 'private' } = options;
    const absolute = cleanPath(posix.resolve(context.cwd, source));
    return { type: 'bind', source: absolute, target, readonly, recursive, propagation: onlyPrivate(what, propagation) };
  }
  const name = source === undefined ? null : sourceName(what, source);
  if (options.propagation !== undefined) {
    throw notFor(what, options.propagation, 'a volume', 'it has no mounts of the host below it');
  }
  if (options.recursive !== undefined)
    throw notFor(what, options.recursive ? 'rbind' : 'bind', 'a volume', 'leave it out');
  return { type: 'volume', name, target, readonly, nocopy: options.nocopy ?? false };
}

/** Every bind is private by now: to take another wish and not follow it would let mounts be missed without a word. */
function onlyPrivate(what: string, propagation: Propagation): 'private' | 'rprivate' {
  if (propagation === 'private' || propagation === 'rprivate') return propagation;
  throw new RequestError('ORLOP_E_LATER', `${what} has '${propagation}', which comes with a later version`, {
    hint: `leave it out: what is mounted on either side later stays there ('rprivate')`,
  });
}

/** A source that is no path must be a name; what looks like a path by mistake gets its own hint. */
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

/** `-v name` alone would be an anonymous volume at `/name` in Docker: a trap. */
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

function parseOptions(what: string, text: string | undefined): Options {
  const given = new Map<string, string>();
  for (const option of text?.split(',') ?? []) {
    const name = classOf.get(option);
    if (name === undefined) throw unknownOption(what, option);
    const other = given.get(name);
    if (other !== undefined) {
      const clash = other === option ? `${quote(option)} twice` : `both ${quote(other)} and ${quote(option)}`;
      throw new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has ${clash}`, { hint: 'keep one of them' });
    }
    given.set(name, option);
  }
  return {
    readonly: given.get('access') === 'ro',
    nocopy: given.has('copy'),
    recursive: given.has('depth') ? given.get('depth') === 'rbind' : undefined,
    propagation: given.get('propagation') as Propagation | undefined,
  };
}

function unknownOption(what: string, option: string): RequestError {
  const close = nearest(option, classOf.keys());
  const hint = close === undefined ? `options are ${[...classOf.keys()].join(', ')}` : `did you mean '${close}'?`;
  return new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has an unknown option ${quote(option)}`, { hint });
}

function emptyField(what: string, fields: readonly string[]): RequestError {
  if (fields[1] === '') return new RequestError('ORLOP_E_TARGET', `${what} has an empty target`, { hint: form });
  const place = fields[0] === '' ? 'source' : 'list of options';
  return new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has an empty ${place}`, { hint: form });
}

function notFor(what: string, option: string, kind: string, why: string): RequestError {
  return new RequestError('ORLOP_E_VOLUME_SPEC', `${what} has '${option}', which ${kind} does not take`, { hint: why });
}
