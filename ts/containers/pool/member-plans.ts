import type { ResolvedImage } from '../../images/types.ts';
import { type EncodedPlan, encoded, encodedAs } from '../../plan/encoded.ts';
import { ExecTemplate } from '../../plan/exec-template.ts';
import type { StartFacts } from '../../plan/facts.ts';
import { buildApplication, buildMember, buildVolumes, type MemberPlan } from '../../plan/member.ts';
import { PlanTemplates } from '../../plan/templates.ts';
import type { MountSpec, RunRequest } from '../../request/types.ts';
import { type StartContext, startFacts } from '../facts.ts';
import { candidatesOf } from '../process.ts';
import type { ContainerRecord } from '../record.ts';
import type { ResolvedSource } from '../sources.ts';
import { isAlone, likeness, sourceText } from '../start-plan.ts';

/** Plans of members that are alike, and of the requests to them. */
interface Kind {
  readonly members: PlanTemplates;
  /** By what a request adds, without what it executes. */
  readonly requests: Map<string, ExecTemplate>;
  /** What an opener does for its bind mounts, by their likeness. */
  readonly volumes: Map<string, Uint8Array>;
  /** By the list of these, which is the same one where a program asks for the same again. */
  readonly bound: WeakMap<RunRequest['mounts'], Bound>;
}

/** Bind mounts of a request. */
interface Bound {
  /** In their order; null for other mounts. */
  readonly sources: readonly (ResolvedSource | null)[];
  readonly likeness: string;
}

function boundOf({ bound }: Kind, mounts: RunRequest['mounts'], sources: Found['sources']): Bound {
  const known = bound.get(mounts);
  const found = (mount: MountSpec) => (mount.type === 'bind' ? (sources.get(mount.target) ?? null) : null);
  if (known !== undefined && mounts.every((mount, index) => found(mount) === known.sources[index])) return known;
  const made = { sources: mounts.map(found), likeness: mountsLikeness(mounts, sources) };
  bound.set(mounts, made);
  return made;
}

/** By what all members of a kind are made of. */
const kinds = new Map<string, Kind>();
const mostKinds = 16;
const mostRequests = 256;

function kindOf(key: string): Kind {
  const kind = kinds.get(key) ?? {
    members: new PlanTemplates(),
    requests: new Map(),
    volumes: new Map(),
    bound: new WeakMap(),
  };
  if (kinds.size >= mostKinds) kinds.clear();
  kinds.set(key, kind);
  return kind;
}

/** What a request brings along. */
export interface OwnRecord extends Pick<ContainerRecord, 'process' | 'volumes'> {
  readonly mounts: RunRequest['mounts'];
}

type Found = Pick<StartContext, 'sources' | 'volumes'>;

/** The plans of one member. The request that it waits for gets its bytes without building any plan, if it is not the first. */
export class MemberPlans {
  readonly #record: ContainerRecord;
  readonly #image: ResolvedImage;
  readonly #context: StartContext;
  /** Null when no other member is like this one. */
  readonly #kind: Kind | null;
  #built: MemberPlan | null = null;

  constructor(record: ContainerRecord, image: ResolvedImage, given: StartContext) {
    const context = { ...given, strategy: 'opener' } as const;
    this.#record = record;
    this.#image = image;
    this.#context = context;
    this.#kind = isAlone(record) ? null : kindOf(likeness(record, image, context));
  }

  #factsOf({ process, mounts, volumes }: OwnRecord, found: Found): StartFacts {
    const request = { ...this.#record.request, mounts, tmpfs: [] };
    return startFacts({ ...this.#record, request, process, volumes }, this.#image, { ...this.#context, ...found });
  }

  get #plans(): MemberPlan {
    this.#built ??= buildMember(startFacts(this.#record, this.#image, this.#context));
    return this.#built;
  }

  /** See `MemberPlan`. */
  get boot(): EncodedPlan {
    return this.#kind?.members.encode('boot', this.#record.id, () => this.#plans.boot) ?? encoded(this.#plans.boot);
  }

  /** See `MemberPlan`. */
  get prepare(): EncodedPlan {
    const make = () => this.#plans.prepare;
    return this.#kind?.members.encode('prepare', this.#record.id, make) ?? encoded(make());
  }

  /**
   * What an opener does for the bind mounts of a request, which is the `prepare` of its plan: as bytes of a plan of its
   * own, to begin with while the other is made. Null where that is not known yet, or nothing to begin with.
   */
  volumes(mounts: RunRequest['mounts'], sources: Found['sources']): Uint8Array | null {
    if (this.#kind === null || this.#record.request.readOnly || mounts.length === 0) return null;
    if (mounts.some(({ type }) => type !== 'bind')) return null;
    const { volumes } = this.#kind;
    const { likeness } = boundOf(this.#kind, mounts, sources);
    const known = volumes.get(likeness);
    if (known !== undefined) return known;
    const { process } = this.#record;
    const facts = this.#factsOf({ process, mounts, volumes: [] }, { sources, volumes: new Map() });
    const { bytes } = encoded(buildVolumes(this.#plans, facts.mounts));
    if (volumes.size >= mostRequests) volumes.clear();
    volumes.set(likeness, bytes);
    return bytes;
  }

  /**
   * The plan by which it becomes an application.
   *
   * @param own process, mounts and volumes of the request; all else is as it was when the member was made
   * @param found what stands at the sources of those
   */
  application(own: OwnRecord, found: Found): EncodedPlan {
    const make = () => buildApplication(this.#plans, this.#factsOf(own, found));
    if (this.#kind === null || isAlone(own)) return encoded(make());
    const { process } = own;
    const { likeness: mounts } = boundOf(this.#kind, own.mounts, found.sources);
    const template = templateOf(this.#kind, ownLikeness(own, mounts, found), make);
    const bytes = template.encode({ candidates: candidatesOf(process), argv: process.argv, env: process.env });
    return bytes === null ? encoded(make()) : encodedAs(bytes, make);
  }
}

function templateOf({ requests }: Kind, key: string, make: () => MemberPlan['prepare']): ExecTemplate {
  const known = requests.get(key);
  if (known !== undefined) return known;
  const template = new ExecTemplate(make());
  if (requests.size >= mostRequests) requests.clear();
  requests.set(key, template);
  return template;
}

/**
 * What a request adds to what all members of a kind are made of: equal where the plans are, but for what is executed.
 * Pure.
 *
 * @param mounts their likeness
 */
function ownLikeness({ process: { cwd, uid, gid, groups }, volumes }: OwnRecord, mounts: string, found: Found): string {
  const own = [cwd, `${uid} ${gid} ${groups}`, mounts];
  for (const use of volumes) {
    const source = found.volumes.get(use.name);
    if (source !== undefined) own.push(sourceText([use.target, source]), JSON.stringify(use));
  }
  // Nobody's text has a NUL in it.
  return own.join('\0');
}

function mountsLikeness(mounts: RunRequest['mounts'], sources: Found['sources']): string {
  const likeness: string[] = [];
  for (const mount of mounts) {
    const source = sources.get(mount.target);
    if (mount.type !== 'bind' || source === undefined) continue;
    likeness.push(sourceText([mount.target, source]), JSON.stringify(mount));
  }
  return likeness.join('\0');
}
