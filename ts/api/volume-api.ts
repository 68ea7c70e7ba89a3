import type { Runtime } from '../containers/runtime.ts';
import { RequestError } from '../errors/index.ts';
import { labelsFromEntries } from '../request/labels.ts';
import type { Volume } from '../volumes/record.ts';
import { damagedAt } from './damaged.ts';
import type * as t from './types.ts';

/** The volumes of a store, for the library's caller. */
export class VolumeApi implements t.Volumes {
  readonly #open: () => Runtime;

  /** @param open throws once the runtime is closed */
  constructor(open: () => Runtime) {
    this.#open = open;
  }

  get #runtime(): Runtime {
    return this.#open();
  }

  async create(
    name: string | null,
    { labels }: { readonly labels?: Readonly<Record<string, string>> | undefined } = {},
  ): Promise<t.VolumeSummary> {
    const created = await this.#runtime.volumes.create(checkedName(name), { labels: checkedLabels(labels) });
    return this.#summary(created, await this.#users());
  }

  async list({ filter = () => true }: t.ListOptions<t.VolumeSummary> = {}): Promise<t.Listing<t.VolumeSummary>> {
    const { volumes, damaged } = await this.#runtime.volumes.list();
    const users = await this.#users();
    return {
      items: volumes.map((volume) => this.#summary(volume, users)).filter(filter),
      damaged: damaged.map(({ id, error }) => damagedAt(this.#runtime.store.volumePath(id), error)),
    };
  }

  async inspect(name: string): Promise<t.VolumeInspect> {
    const volume = await this.#runtime.volumes.get(name);
    return {
      CreatedAt: volume.created,
      Driver: 'local',
      Labels: volume.labels,
      Mountpoint: this.#runtime.store.volumeData(name),
      Name: name,
      Options: null,
      Scope: 'local',
    };
  }

  async remove(name: string): Promise<void> {
    return this.#runtime.volumes.remove(name);
  }

  async prune({
    all,
    filter = () => true,
  }: t.ListOptions<t.VolumeSummary> & { readonly all?: boolean | undefined } = {}): Promise<{
    readonly removed: readonly string[];
    readonly reclaimed: number;
  }> {
    const users = await this.#users();
    return this.#runtime.volumes.prune({ all, filter: (volume) => filter(this.#summary(volume, users)) });
  }

  async #users(): Promise<ReadonlyMap<string, readonly { readonly id: string }[]>> {
    return (await this.#runtime.containers.uses()).volumes;
  }

  #summary(volume: Volume, users: ReadonlyMap<string, readonly { readonly id: string }[]>): t.VolumeSummary {
    return {
      name: volume.name,
      driver: 'local',
      anonymous: volume.anonymous,
      mountpoint: this.#runtime.store.volumeData(volume.name),
      labels: volume.labels,
      created: new Date(volume.created),
      usedBy: (users.get(volume.name) ?? []).map((user) => user.id),
    };
  }
}

/** JavaScript callers may omit the name. The volume is then anonymous. */
function checkedName(name: unknown): string | null {
  if (name === null || name === undefined) return null;
  if (typeof name === 'string') return name;
  throw new RequestError('ORLOP_E_VOLUME_NAME', `the name of a volume is ${typeof name}, expected a string or null`);
}

/** Refuses a label that is not a string: the record could not be read again. */
function checkedLabels(labels: t.VolumeSummary['labels'] | undefined): t.VolumeSummary['labels'] | undefined {
  if (labels === undefined) return undefined;
  const entries = Object.entries(labels);
  for (const [key, value] of entries) {
    if (typeof value === 'string') continue;
    throw new RequestError('ORLOP_E_INPUT', `the label '${key}' is ${typeof value}, expected a string`);
  }
  return labelsFromEntries(entries);
}
