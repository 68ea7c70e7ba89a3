import type { ResolvedImage } from '../../images/types.ts';
import { type EncodedPlan, encoded } from '../../plan/encoded.ts';
import type { StartFacts } from '../../plan/facts.ts';
import { buildApplication, buildMember, type MemberPlan } from '../../plan/member.ts';
import { PlanTemplates } from '../../plan/templates.ts';
import type { RunRequest } from '../../request/types.ts';
import { type StartContext, startFacts } from '../facts.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlone, likeness, sourceText, withoutId } from '../start-plan.ts';

/** Plans of members that are alike, and of the requests to them, by what all these members are made of. */
const kinds = new Map<string, PlanTemplates>();
const mostKinds = 16;

function templatesOf(kind: string): PlanTemplates {
  const templates = kinds.get(kind) ?? new PlanTemplates();
  if (kinds.size >= mostKinds) kinds.clear();
  kinds.set(kind, templates);
  return templates;
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
  readonly #templates: PlanTemplates | null;
  #built: MemberPlan | null = null;

  constructor(record: ContainerRecord, image: ResolvedImage, given: StartContext) {
    const context = { ...given, strategy: 'opener' } as const;
    this.#record = record;
    this.#image = image;
    this.#context = context;
    this.#templates = isAlone(record) ? null : templatesOf(likeness(record, image, context));
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
    return this.#templates?.encode('boot', this.#record.id, () => this.#plans.boot) ?? encoded(this.#plans.boot);
  }

  /** See `MemberPlan`. */
  get prepare(): EncodedPlan {
    return (
      this.#templates?.encode('prepare', this.#record.id, () => this.#plans.prepare) ?? encoded(this.#plans.prepare)
    );
  }

  /**
   * The plan by which it becomes an application.
   *
   * @param own process, mounts and volumes of the request; all else is as it was when the member was made
   * @param found what stands at the sources of those
   */
  application(own: OwnRecord, found: Found): EncodedPlan {
    const make = () => buildApplication(this.#plans, this.#factsOf(own, found));
    if (this.#templates === null || isAlone(own)) return encoded(make());
    return this.#templates.encode(ownLikeness(own, found, this.#record.id), this.#record.id, make);
  }
}

/** What a request adds to what all members of a kind are made of: equal where the plans are. Pure. */
function ownLikeness({ process, mounts, volumes }: OwnRecord, found: Found, id: string): string {
  const own = [
    JSON.stringify([process, mounts, volumes]),
    ...[...found.sources].map(sourceText),
    ...[...found.volumes].map(sourceText),
  ];
  return withoutId(own.join('\u0001'), id);
}
