import type { InferOutput } from 'valibot';
import { RequestError } from '../../errors/index.ts';
import { decodeImage } from '../config.ts';
import type { LayerRecord } from '../layers/layers.ts';
import { ownPlatform } from '../platform.ts';
import type { Addition } from './addition.ts';
import {
  type descriptorSchema,
  documentKind,
  indexSchema,
  manifestSchema,
  mediaTypes,
  parseDocument,
  parseJson,
} from './documents.ts';
import type { Incoming, LoadHow } from './load.ts';
import { blobPath, type LoadedFiles } from './loaded-files.ts';
import { asProgress } from './progress.ts';
import { addDocuments } from './publish.ts';

type Entry = InferOutput<typeof descriptorSchema>;

/** Maximum nesting of indexes: more than any tool writes. */
const maxIndexDepth = 3;

/** Reads an OCI image layout: `index.json` lists manifests, or indexes of manifests for several platforms. */
export async function loadOciArchive(
  addition: Addition,
  files: LoadedFiles,
  how: LoadHow,
): Promise<readonly Incoming[]> {
  const what = 'index.json of the archive';
  const content = await files.document('index.json');
  if (documentKind(parseJson(content, what), mediaTypes.index, what) !== 'index') return [];
  const { manifests } = parseDocument(content, indexSchema, what);

  const incoming: Incoming[] = [];
  for (const [name, entries] of groupByName(manifests)) {
    for (const entry of forOwnPlatform(entries, name === '' ? what : `'${name}'`)) {
      const record = await loadEntry(addition, files, entry, 0, how);
      incoming.push({ record, names: name === '' ? [] : [name] });
    }
  }
  return incoming;
}

function groupByName(entries: readonly Entry[]): Map<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return groups;
}

/** Full name in the annotations. Tools disagree whether `ref.name` is the full name or only the tag. */
function nameOf({ annotations }: Entry): string {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'] ?? '';
  return /[:/]/.test(name) && !name.includes('@') ? name : '';
}

/** The entries for this platform, without attestations, whose platform is unknown. */
function forOwnPlatform(entries: readonly Entry[], what: string): readonly Entry[] {
  const machine = ownPlatform();
  const fits = ({ platform }: Entry) =>
    !platform || (platform.os === machine.os && platform.architecture === machine.architecture);
  const fitting = entries.filter((entry) => fits(entry) && !isAttestation(entry));
  if (fitting.length > 0) return fitting;
  const list = entries.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).join(', ');
  throw new RequestError(
    'ORLOP_E_ARCHIVE',
    `${what} has no image for ${machine.os}/${machine.architecture}, only for ${list}`,
    {
      hint: 'save the image for this platform',
    },
  );
}

function isAttestation({ annotations }: Entry): boolean {
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}

async function loadEntry(
  addition: Addition,
  files: LoadedFiles,
  entry: Entry,
  depth: number,
  how: LoadHow,
): Promise<Incoming['record']> {
  const what = `blob ${entry.digest} of the archive`;
  const content = await files.blob(entry);
  const declared = entry.mediaType ?? '';
  if (documentKind(parseJson(content, what), declared, what) === 'manifest') {
    return loadManifest(addition, files, content, declared, what, how);
  }
  if (depth === maxIndexDepth) throw new RequestError('ORLOP_E_ARCHIVE', `${what} is an index too deep in others`);
  const [first] = forOwnPlatform(parseDocument(content, indexSchema, what).manifests, what);
  if (first === undefined) throw new RequestError('ORLOP_E_ARCHIVE', `${what} is an index of nothing`);
  return loadEntry(addition, files, first, depth + 1, how);
}

async function loadManifest(
  addition: Addition,
  files: LoadedFiles,
  content: Uint8Array,
  declared: string,
  what: string,
  how: LoadHow,
): Promise<Incoming['record']> {
  const manifest = parseDocument(content, manifestSchema, what);
  const configuration = await files.blob(manifest.config);
  const { diffIds } = decodeImage(configuration, `blob ${manifest.config.digest} of the archive`);
  if (diffIds.length !== manifest.layers.length) {
    const counts = `${manifest.layers.length} layers, its configuration ${diffIds.length}`;
    throw new RequestError('ORLOP_E_ARCHIVE', `${what} lists ${counts}`);
  }
  const layers: LayerRecord[] = [];
  for (const [index, blob] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    const onBytes = asProgress(how.onProgress, { stage: 'unpack', layer: diffId });
    const from = { below: diffIds.slice(0, index), layer: true, diffId, blob, onBytes, signal: how.signal };
    layers.push(await files.file(blobPath(blob.digest), (source) => addition.layer({ source, ...from })));
  }
  const mediaType = declared || manifest.mediaType || mediaTypes.manifest;
  return addDocuments(addition, configuration, layers, { content, mediaType });
}
