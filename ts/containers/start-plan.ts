import type { ResolvedImage } from '../images/types.ts';
import { buildPlan } from '../plan/build.ts';
import { type EncodedPlan, encoded } from '../plan/encoded.ts';
import { PlanTemplates } from '../plan/templates.ts';
import { type StartContext, startFacts } from './facts.ts';
import type { ContainerRecord } from './record.ts';
import type { ResolvedSource } from './sources.ts';

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
    : templates.encode(likeness(record, image, context), record.id, make);
}

/** Whether no other container is like it, because a volume has a name that was made for it. */
export function isAlone({ volumes }: Pick<ContainerRecord, 'volumes'>): boolean {
  return volumes.some(({ anonymous }) => anonymous);
}

/** All that `startFacts` reads, without the container's ID: equal for starts whose plans differ only in that. Pure. */
export function likeness(record: ContainerRecord, image: ResolvedImage, context: StartContext): string {
  const { request, process, volumes, hostname } = record;
  const { paths, files, seccomp, hardNofile, volatile, maskedPaths, gate, strategy, networkReady, treesReady } =
    context;
  const all = [
    JSON.stringify([request, process, volumes, hostname, paths, image.layers, image.hidden, maskedPaths]),
    ...[...context.sources].map(sourceText),
    ...[...context.volumes].map(sourceText),
    ...[files.hosts, files.hostname, files.resolvConf, seccomp].map(bytesText),
    `${hardNofile} ${volatile} ${gate} ${strategy} ${networkReady} ${treesReady}`,
  ];
  return withoutId(all.join('\u0001'), record.id);
}

/** Control characters are escaped in JSON, so nobody's text is taken for these. */
function withoutId(text: string, id: string): string {
  return text.replaceAll(id, '\u0002').replaceAll(id.slice(0, 12), '\u0003');
}

export function sourceText([name, { path, device, inode, type }]: [string, ResolvedSource]): string {
  return `${name}\0${path}\0${device} ${inode} ${type}`;
}

function bytesText(bytes: Uint8Array | null): string {
  if (bytes === null) return '-';
  return `${bytes.length} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')}`;
}
