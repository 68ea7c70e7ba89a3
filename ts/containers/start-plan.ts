import type { ResolvedImage } from '../images/types.ts';
import { buildPlan } from '../plan/build.ts';
import { type EncodedPlan, encoded } from '../plan/encoded.ts';
import { PlanTemplates } from '../plan/templates.ts';
import type { RunRequest } from '../request/types.ts';
import { type StartContext, startFacts } from './facts.ts';
import type { ContainerRecord } from './record.ts';
import { isSameStart, type StartSubject, withoutId } from './same-start.ts';
import type { ResolvedSource } from './sources.ts';
import { TextNumbers } from './text-numbers.ts';

const templates = new PlanTemplates();

/**
 * The plan of a container's start.
 *
 * @param once the program makes no other, so nothing is kept for it
 */
export function startPlan(
  record: ContainerRecord,
  image: ResolvedImage,
  context: StartContext,
  once = false,
): EncodedPlan {
  const make = () => buildPlan(startFacts(record, image, context));
  return once || isAlone(record)
    ? encoded(make())
    : templates.encode(recallLikeness({ record, image, context }), record.id, make);
}

/** The last start of a request, and its likeness: where the next one is the same, that has not to be written again. */
const last = new WeakMap<RunRequest, { readonly start: StartSubject; readonly likeness: string }>();

function recallLikeness(start: StartSubject): string {
  const { record, image, context } = start;
  const before = last.get(record.request);
  if (before !== undefined && isSameStart(before.start, start)) return before.likeness;
  const written = likeness(record, image, context);
  last.set(record.request, { start, likeness: written });
  return written;
}

/** Whether no other container is like it, because a volume has a name that was made for it. */
export function isAlone({ volumes }: Pick<ContainerRecord, 'volumes'>): boolean {
  return volumes.some(({ anonymous }) => anonymous);
}

/**
 * All that `startFacts` reads, without the container's ID: equal for starts whose plans differ only in that. What is
 * the same object from one start to the next is looked at once.
 */
export function likeness(record: ContainerRecord, image: ResolvedImage, context: StartContext): string {
  const { request, process, volumes, hostname } = record;
  const { paths, files, seccomp, hardNofile, volatile, maskedPaths, gate, strategy, networkReady, treesReady } =
    context;
  const all = [
    JSON.stringify([process, volumes, hostname, paths]),
    ...[...context.sources].map(sourceText),
    ...[...context.volumes].map(sourceText),
    ...[files.hosts, files.hostname, files.resolvConf, seccomp].map(bytesText),
    `${numbers.of(request, JSON.stringify)} ${numbers.of(image, imageText)} ${numbers.of(maskedPaths, JSON.stringify)}`,
    `${hardNofile} ${volatile} ${gate} ${strategy} ${networkReady} ${treesReady}`,
  ];
  return withoutId(all.join('\u0001'), record.id);
}

const numbers = new TextNumbers();

function imageText({ layers, hidden }: ResolvedImage): string {
  return JSON.stringify([layers, hidden]);
}

export function sourceText([name, source]: [string, ResolvedSource]): string {
  return `${name}\0${sourceNumbers.of(source, factsText)}`;
}

/** Of sources, so that many of them leave the other numbers alone. */
const sourceNumbers = new TextNumbers();

function factsText({ path, device, inode, type }: ResolvedSource): string {
  return `${path}\0${device} ${inode} ${type}`;
}

/** What is short may have the ID in it. */
const shortBytes = 512;

function bytesText(bytes: Uint8Array | null): string {
  if (bytes === null) return '-';
  const text = (of: Uint8Array) => Buffer.from(of.buffer, of.byteOffset, of.byteLength).toString('latin1');
  return bytes.length <= shortBytes ? `${bytes.length} ${text(bytes)}` : `# ${numbers.of(bytes, text)}`;
}
