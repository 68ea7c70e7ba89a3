import { buildPlan } from '../plan/build.ts';
import type { Plan } from '../plan/types.ts';
import type { RunRequest } from '../request/types.ts';
import { describe } from './create.ts';
import { startFacts } from './facts.ts';
import type { Runtime } from './runtime.ts';
import { type ResolvedSource, resolveSources } from './sources.ts';
import { settingsOf } from './start-context.ts';
import { ImageView } from './view.ts';

/** The plan that a run of this request would execute. Nothing is made: volumes and the layer appear with their paths. */
export async function planRun(runtime: Runtime, request: RunRequest): Promise<Plan> {
  const { store, images, native } = runtime;
  const image = await images.resolve(request.image);
  await using view = ImageView.ofImage(native, image);
  const sources = await resolveSources(store, request.mounts);
  const { record, needs } = await describe(runtime, request, image, view);
  const volumes = new Map(
    needs.map(({ name }): [string, ResolvedSource] => [
      name,
      { path: store.volumeData(name), device: 0n, inode: 0n, type: 'directory' },
    ]),
  );
  const settings = await settingsOf(store, record);
  return buildPlan(startFacts(record, image, { ...settings, sources, volumes, volatile: request.rm }));
}
