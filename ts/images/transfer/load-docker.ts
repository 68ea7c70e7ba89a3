import { RequestError } from '../../errors/index.ts';
import { decodeImage } from '../config.ts';
import { sha256 } from '../digest.ts';
import type { LayerRecord } from '../layers/layers.ts';
import type { Addition } from './addition.ts';
import { dockerArchiveSchema, parseDocument } from './documents.ts';
import type { Incoming, LoadHow } from './load.ts';
import type { LoadedFiles } from './loaded-files.ts';
import { asProgress } from './progress.ts';
import { addDocuments } from './publish.ts';

/** Reads an archive of `docker save`: `manifest.json` lists images with the paths of their configuration and layers. */
export async function loadDockerArchive(
  addition: Addition,
  files: LoadedFiles,
  how: LoadHow,
): Promise<readonly Incoming[]> {
  const entries = parseDocument(
    await files.document('manifest.json'),
    dockerArchiveSchema,
    'manifest.json of the archive',
  );
  const incoming: Incoming[] = [];
  for (const { Config, RepoTags, Layers } of entries) {
    const configuration = await files.document(Config);
    checkName(Config, configuration);
    const { diffIds } = decodeImage(configuration, `'${Config}' of the archive`);
    const layers = await addLayers(addition, files, diffIds, Layers ?? [], how);
    incoming.push({ record: await addDocuments(addition, configuration, layers), names: RepoTags ?? [] });
  }
  return incoming;
}

/** Names usually are digests. A name that is one must match the content. */
function checkName(path: string, content: Uint8Array): void {
  const hex = /(?:^|\/)([a-f0-9]{64})(?:\.json)?$/.exec(path)?.[1];
  if (hex === undefined || sha256(content) === `sha256:${hex}`) return;
  throw new RequestError('ORLOP_E_ARCHIVE', `'${path}' of the archive is not what its name says`, {
    hint: 'the archive is damaged or was changed; get it again from where it comes from',
  });
}

async function addLayers(
  addition: Addition,
  files: LoadedFiles,
  diffIds: readonly string[],
  paths: readonly string[],
  how: LoadHow,
): Promise<LayerRecord[]> {
  if (paths.length !== diffIds.length) {
    throw new RequestError(
      'ORLOP_E_ARCHIVE',
      `manifest.json of the archive lists ${paths.length} layers, the image configuration ${diffIds.length}`,
    );
  }
  const layers: LayerRecord[] = [];
  for (const [index, path] of paths.entries()) {
    const onBytes = asProgress(how.onProgress, { stage: 'unpack', layer: diffIds[index] });
    const from = { below: diffIds.slice(0, index), layer: true, diffId: diffIds[index], onBytes, signal: how.signal };
    layers.push(await files.file(path, (source) => addition.layer({ source, ...from })));
  }
  return layers;
}
