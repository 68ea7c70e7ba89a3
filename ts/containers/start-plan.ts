import type { ResolvedImage } from '../images/types.ts';
import { buildPlan } from '../plan/build.ts';
import { type EncodedPlan, encoded, encodedAs } from '../plan/encoded.ts';
import { PlanTemplate } from '../plan/template.ts';
import { type StartContext, startFacts } from './facts.ts';
import type { ContainerRecord } from './record.ts';
import type { ResolvedSource } from './sources.ts';

/** Starts that are alike, by all that their plans follow from. The oldest goes when there are more. */
const templates = new Map<string, PlanTemplate>();
const mostTemplates = 64;

/**
 * The plan of a container's start. Programs start the same thing again and again, and a plan is thousands of small steps
 * of JavaScript: the second one is a copy of the first with another ID in it.
 */
export function startPlan(record: ContainerRecord, image: ResolvedImage, context: StartContext): EncodedPlan {
  const make = () => buildPlan(startFacts(record, image, context));
  // Each has a name of its own, so no other start is like this one.
  if (record.volumes.some(({ anonymous }) => anonymous)) return encoded(make());
  const key = likeness(record, image, context);
  const known = templates.get(key);
  if (known !== undefined) return encodedAs(known.encodeFor(record.id), make);
  const made = encoded(make());
  remember(key, new PlanTemplate(made.bytes, record.id));
  return made;
}

function remember(key: string, template: PlanTemplate): void {
  const [oldest] = templates.keys();
  if (templates.size >= mostTemplates && oldest !== undefined) templates.delete(oldest);
  templates.set(key, template);
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
  // Control characters are escaped in JSON, so nobody's text is taken for these.
  return all.join('\u0001').replaceAll(record.id, '\u0002').replaceAll(record.id.slice(0, 12), '\u0003');
}

function sourceText([name, { path, device, inode, type }]: [string, ResolvedSource]): string {
  return `${name}\0${path}\0${device} ${inode} ${type}`;
}

function bytesText(bytes: Uint8Array | null): string {
  if (bytes === null) return '-';
  return `${bytes.length} ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')}`;
}
