import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { RequestError } from '../../errors/index.ts';
import type { Context } from '../context.ts';
import type { ImageRecord } from '../records/records.ts';
import { type ImageReference, parseOwnReference } from '../records/reference.ts';
import type { LoadedImage, LoadOptions } from '../types.ts';
import { Addition } from './addition.ts';
import { loadDockerArchive } from './load-docker.ts';
import { loadOciArchive } from './load-oci.ts';
import { LoadedFiles } from './loaded-files.ts';
import { asProgress } from './progress.ts';
import { recordImage } from './publish.ts';

/** What the layers of an archive are added with. */
export type LoadHow = Pick<LoadOptions, 'onProgress' | 'signal'>;

/** An image of an archive whose content was added. */
export interface Incoming {
  readonly record: ImageRecord;
  readonly names: readonly string[];
}

/** Adds the images of an archive: all of them, or none. */
export async function loadImages(context: Context, options: LoadOptions): Promise<readonly LoadedImage[]> {
  const { store, archiver } = context;
  const { source, signal } = options;
  await using addition = await Addition.begin(store, archiver, signal);
  await using staging = await store.stage();
  const path = join(staging.path, 'archive');
  await mkdir(path);
  const root = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  let incoming: readonly Incoming[];
  try {
    const onBytes = asProgress(options.onProgress, { stage: 'read' });
    await archiver.unpack({ source, directory: root.fd, layer: false, filesOnly: true, onBytes, signal });
    incoming = await readArchive(addition, new LoadedFiles(store.native, root.fd), options);
  } finally {
    await root.close();
  }
  const images = incoming.map(({ record, names }) => ({ record, references: names.map(ownName) }));
  await addition.publish();
  const loaded: LoadedImage[] = [];
  for (const { record, references } of images) loaded.push(await recordImage(context, record, references, signal));
  return loaded;
}

async function readArchive(addition: Addition, files: LoadedFiles, how: LoadHow): Promise<readonly Incoming[]> {
  // Since version 25, Docker writes both files and reads this one.
  if (await files.has('manifest.json')) return loadDockerArchive(addition, files, how);
  if (await files.has('index.json')) return loadOciArchive(addition, files, how);
  const old = await files.has('repositories');
  throw new RequestError('ORLOP_E_ARCHIVE', 'the archive holds no image: it has neither manifest.json nor index.json', {
    hint: old
      ? 'it was written by a Docker older than 1.10; load and save it with a newer one'
      : `a root file system is read with 'orlop import'`,
  });
}

function ownName(name: string): ImageReference {
  try {
    return parseOwnReference(name);
  } catch (cause) {
    throw new RequestError('ORLOP_E_ARCHIVE', `the archive gives an image a name that it cannot have: '${name}'`, {
      cause,
    });
  }
}
