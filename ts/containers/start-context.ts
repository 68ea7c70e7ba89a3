import type { ResolvedImage } from '../images/types.ts';
import { etcFiles } from './etc-files.ts';
import type { StartContext } from './facts.ts';
import { layerPaths } from './layer.ts';
import { hardNofile, thermalPaths } from './limits.ts';
import type { ContainerRecord, StoredContainer } from './record.ts';
import type { Runtime } from './runtime.ts';
import { seccompFilter } from './seccomp.ts';
import { areDirect, resolveSources, resolveVolumes } from './sources.ts';

/** What a start of the container needs to know, as things stand now. */
export async function startContext(
  { store, images }: Runtime,
  { record, durability, found }: StoredContainer,
  signal?: AbortSignal,
): Promise<{ readonly image: ResolvedImage; readonly context: StartContext }> {
  const image = found?.image ?? (await images.resolve(record.image.id));
  const { mounts } = record.request;
  const sources =
    found && areDirect(found.sources, mounts) ? found.sources : await resolveSources(store, mounts, signal);
  const volumes = resolveVolumes(
    store,
    record.volumes.map((use) => use.name),
  );
  const settings = await settingsOf(store, record);
  // Nobody reads the layer of an ephemeral container after a power cut: its unmount need not sync the host's disk.
  return { image, context: { ...settings, sources, volumes, volatile: durability === 'ephemeral' } };
}

/** The part of it that the record and the machine decide, whether the container is there or only planned. */
export async function settingsOf(
  store: Runtime['store'],
  record: ContainerRecord,
): Promise<Omit<StartContext, 'sources' | 'volumes' | 'volatile'>> {
  return {
    paths: layerPaths(store, record.layer),
    files: etcFiles(record.hostname, record.request.network),
    seccomp: await seccompFilter(record.request),
    maskedPaths: await thermalPaths(),
    hardNofile: hardNofile(),
  };
}
