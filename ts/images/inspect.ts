import { readFile } from 'node:fs/promises';
import { RequestError } from '../errors/index.ts';
import { decodeImage } from './config.ts';
import type { Context } from './context.ts';
import { hexOf } from './digest.ts';
import { resolveHost } from './host.ts';
import { diskUsage } from './layers/disk-usage.ts';
import { ownPlatform } from './platform.ts';
import { findImage, readImage } from './records/find.ts';
import { hostImage } from './records/reference.ts';
import { summary } from './records/summary.ts';
import type { ImageDetails, ResolvedImage } from './types.ts';

/**
 * Collects all facts of an image.
 *
 * @throws {RequestError} ORLOP_E_NO_IMAGE, ORLOP_E_DAMAGED
 */
export async function inspectImage({ store, records }: Context, nameOrId: string): Promise<ImageDetails> {
  if (nameOrId === hostImage) return inspectHost(await resolveHost(store));
  const record = await readImage(records, await findImage(records, nameOrId), nameOrId);
  const path = store.blobPath(hexOf(record.id));
  const content = await readFile(path).catch((cause: unknown) => {
    throw new RequestError('ORLOP_E_DAMAGED', `the configuration of image '${nameOrId}' cannot be read: ${path}`, {
      hint: 'load or import the image again',
      cause,
    });
  });
  const image = decodeImage(content, `the configuration of image '${nameOrId}'`);
  return {
    ...summary(record, (await records.tags()).tags, await diskUsage(store, record)),
    manifestDigest: record.manifest.digest,
    architecture: image.architecture,
    os: image.os,
    author: image.author,
    comment: image.comment,
    config: record.config,
    diffIds: image.diffIds,
    layers: record.layers.map(({ digest, size, diffId }) => ({ digest, size, diffId })),
    history: image.history,
  };
}

function inspectHost({ id, config }: ResolvedImage): ImageDetails {
  return {
    id,
    references: [hostImage],
    created: null,
    size: 0,
    diskUsage: 0,
    labels: {},
    manifestDigest: '',
    architecture: ownPlatform().architecture,
    os: 'linux',
    author: '',
    comment: `the host's own root file system`,
    config,
    diffIds: [],
    layers: [],
    history: [],
  };
}
