import type { Runtime } from '../containers/runtime.ts';
import type { ImageConfig, ResolvedImage, ResolvedUser } from '../images/types.ts';
import { resolveImageUser } from '../images/users/read-users.ts';
import { type PreparedForm, prepareForm } from '../launch/prepared-start.ts';
import { buildApplication } from '../plan/waiting.ts';
import { afterExitChanges } from '../record/changes.ts';
import type { ContainerRecord, ProcessRecord, VolumeUse } from '../record/schema.ts';
import type { RunRequest } from '../request/types.ts';
import { groupsOf, mountsOf } from '../resolve/facts.ts';
import { ImageView } from '../resolve/image-view.ts';
import { mayHang } from '../resolve/may-hang.ts';
import { refuseUnmapped, refuseVainLimit, userRequest } from '../resolve/process.ts';
import { type ResolvedSource, resolveSources } from '../resolve/sources.ts';
import { type VolumeNeed, volumeNeeds } from '../resolve/volume-needs.ts';
import { newId } from '../store/id.ts';
import type { WaitingKind } from './waiting-container.ts';

/** A resolved request to a pool, without the command. */
export interface Application {
  readonly image: ResolvedImage;
  readonly user: ResolvedUser;
  readonly cwd: string;
  readonly mounts: RunRequest['mounts'];
  /** Volumes of the store. */
  readonly needs: readonly VolumeNeed[];
  /** Sources of the bind mounts, by target. */
  readonly sources: ReadonlyMap<string, ResolvedSource>;
  /** A source lies on a file system that may never answer. */
  readonly mayHang: boolean;
  /** An equal request leads to the same application. */
  readonly repeatable: boolean;
}

/**
 * Resolves the parts of a request that a waiting container does not have yet.
 *
 * @param request merged with the pool's defaults, except for the mounts, which are its own
 * @throws RequestError ORLOP_E_NO_USER, ORLOP_E_SOURCE, ORLOP_E_ABORTED
 */
export async function resolveApplication(
  { native, store }: Runtime,
  image: ResolvedImage,
  request: RunRequest,
  signal: AbortSignal | undefined,
): Promise<Application> {
  const { mounts } = request;
  await using view = ImageView.ofImage(native, image);
  const user = await resolveImageUser(native, image, userRequest(request, image.config), view.open);
  refuseVainLimit(request, user);
  refuseUnmapped(user, native.rights);
  const sources = await resolveSources(store, mounts, signal);
  const needs = volumeNeeds(request, remainingConfig(image.config), newId);
  return {
    image,
    user,
    cwd: request.workdir ?? (image.config.workingDir || '/'),
    mounts,
    needs,
    sources: sources.value,
    mayHang: await mayHang(sources.value.values()),
    // The users of the host may change. Each request has an anonymous volume of its own.
    repeatable: sources.repeatable && image.id !== 'host' && !needs.some(({ anonymous }) => anonymous),
  };
}

/** The image's configuration without its volumes, which a waiting container has already. */
function remainingConfig(config: ImageConfig): ImageConfig {
  return { ...config, volumes: [] };
}

/** The volumes that an application uses. */
export function usesOf({ needs }: Application): readonly VolumeUse[] {
  return needs.map(({ nocopy: _, ...use }) => use);
}

/** The process of an application with a command. */
export function processOfApplication(
  { user: { uid, gid, groups }, cwd }: Application,
  { argv, env }: Pick<ProcessRecord, 'argv' | 'env'>,
): ProcessRecord {
  return { argv, env, cwd, uid, gid, groups };
}

interface KnownForm {
  readonly form: PreparedForm;
  readonly trash: string | null;
}

const forms = new WeakMap<WaitingKind, WeakMap<Application, KnownForm>>();

/**
 * The prepared start by which a waiting container becomes the application. It is made once for each kind, and again
 * for another trash: the first request finds none yet, and its form leaves the removal to JavaScript.
 *
 * @param volumes of the store, by name
 */
export function formOf(
  runtime: Runtime,
  kind: WaitingKind,
  application: Application,
  volumes: ReadonlyMap<string, ResolvedSource>,
): PreparedForm {
  const ofKind = forms.get(kind) ?? new WeakMap<Application, KnownForm>();
  forms.set(kind, ofKind);
  const trash = runtime.store.trash();
  const known = ofKind.get(application);
  if (known !== undefined && known.trash === trash) return known.form;
  const form = makeForm(runtime, kind, application, volumes, trash);
  ofKind.set(application, { form, trash });
  return form;
}

function makeForm(
  { native, store }: Runtime,
  { prepared, plans }: WaitingKind,
  application: Application,
  volumes: ReadonlyMap<string, ResolvedSource>,
  trash: string | null,
): PreparedForm {
  const { mounts, sources, user, cwd } = application;
  const { record } = prepared.container;
  const uses = usesOf(application);
  const own: ContainerRecord = { ...record, request: { ...record.request, mounts, tmpfs: [] }, volumes: uses };
  const { uid, gid } = user;
  const plan = buildApplication(plans, {
    mounts: mountsOf(own, { sources, volumes }),
    process: { ...plans.facts.process, cwd, uid, gid, groups: groupsOf(user) },
  });
  const container = { ...prepared.container, record: { ...record, volumes: [...record.volumes, ...uses] } };
  return prepareForm(native, plan, { afterExit: afterExitChanges(store, container, trash) });
}
