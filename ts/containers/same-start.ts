import type { ResolvedImage } from '../images/types.ts';
import type { StartContext } from './facts.ts';
import type { ContainerRecord, ProcessRecord } from './record.ts';
import type { ResolvedSource } from './sources.ts';

/** What the plan of a start follows from. */
export interface StartSubject {
  readonly record: ContainerRecord;
  readonly image: ResolvedImage;
  readonly context: StartContext;
}

/**
 * Whether the plans of two starts differ in nothing but the container's ID: for the second start of the same request,
 * where most of it is the same object. It may miss some that are alike; what it calls the same is. Pure.
 */
export function isSameStart(one: StartSubject, other: StartSubject): boolean {
  const [a, b] = [one.record, other.record];
  if (a.request !== b.request || one.image !== other.image) return false;
  return isSameRecord(a, b) && isSameContext(one.context, other.context, alikeIn(a, b));
}

/** Whether the records of two containers of one request say the same of what is started. Pure. */
export function isSameRecord(one: ContainerRecord, other: ContainerRecord): boolean {
  const alike = alikeIn(one, other);
  return (
    alike(one.hostname, other.hostname) &&
    isSameProcess(one.process, other.process, alike) &&
    isSameList(one.volumes, other.volumes, (use, second) => JSON.stringify(use) === JSON.stringify(second))
  );
}

/** Whether texts of the two differ in nothing but the ID. */
function alikeIn({ id }: ContainerRecord, { id: second }: ContainerRecord): Alike {
  return (text, other) => text === other || withoutId(text, id) === withoutId(other, second);
}

type Alike = (text: string, second: string) => boolean;

function isSameProcess(one: ProcessRecord, other: ProcessRecord, alike: Alike): boolean {
  return (
    one.uid === other.uid &&
    one.gid === other.gid &&
    isSameList(one.groups, other.groups) &&
    alike(one.cwd, other.cwd) &&
    isSameList(one.argv, other.argv, alike) &&
    isSameList(one.env, other.env, alike)
  );
}

function isSameContext(one: StartContext, other: StartContext, alike: Alike): boolean {
  return (
    one.seccomp === other.seccomp &&
    one.hardNofile === other.hardNofile &&
    one.volatile === other.volatile &&
    one.maskedPaths === other.maskedPaths &&
    one.gate === other.gate &&
    one.strategy === other.strategy &&
    one.networkReady === other.networkReady &&
    one.treesReady === other.treesReady &&
    alike(one.files.name, other.files.name) &&
    one.files.host?.hosts === other.files.host?.hosts &&
    one.files.host?.resolvConf === other.files.host?.resolvConf &&
    isSameSources(one.sources, other.sources) &&
    isSameSources(one.volumes, other.volumes) &&
    alike(one.paths.mountPoint, other.paths.mountPoint) &&
    alike(one.paths.upper, other.paths.upper) &&
    alike(one.paths.work, other.paths.work)
  );
}

/** Whether the same stands at the same targets. Pure. */
export function isSameSources(
  one: ReadonlyMap<string, ResolvedSource>,
  other: ReadonlyMap<string, ResolvedSource>,
): boolean {
  if (one.size !== other.size) return false;
  const second = other.entries();
  for (const [name, source] of one) {
    const next = second.next().value;
    if (next === undefined || name !== next[0] || !isSameSource(source, next[1])) return false;
  }
  return true;
}

function isSameSource(one: ResolvedSource, other: ResolvedSource): boolean {
  const { path, device, inode, type } = one;
  return (
    one === other || (path === other.path && device === other.device && inode === other.inode && type === other.type)
  );
}

function isSameList<Item>(
  one: readonly Item[],
  other: readonly Item[],
  same: (item: Item, second: Item) => boolean = Object.is,
): boolean {
  return one === other || (one.length === other.length && one.every((item, index) => same(item, other[index] as Item)));
}

/** Control characters are escaped in JSON, so nobody's text is taken for these. */
export function withoutId(text: string, id: string): string {
  return text.replaceAll(id, '\u0002').replaceAll(id.slice(0, 12), '\u0003');
}
