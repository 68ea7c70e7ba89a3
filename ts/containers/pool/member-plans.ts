import type { ResolvedImage } from '../../images/types.ts';
import { type EncodedPlan, encoded } from '../../plan/encoded.ts';
import { buildApplication, buildMember, type MemberPlan } from '../../plan/member.ts';
import { PlanTemplates } from '../../plan/templates.ts';
import { type StartContext, startFacts } from '../facts.ts';
import type { ContainerRecord } from '../record.ts';
import { isAlone, likeness } from '../start-plan.ts';

/** Plans of members that are alike, and of the requests to them, by what all these members are made of. */
const kinds = new Map<string, PlanTemplates>();
const mostKinds = 16;

function templatesOf(kind: string): PlanTemplates {
  const templates = kinds.get(kind) ?? new PlanTemplates();
  if (kinds.size >= mostKinds) kinds.clear();
  kinds.set(kind, templates);
  return templates;
}

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
   * @param own record of the container with the request's own mounts only
   * @param found what stands at the sources of those
   */
  application(own: ContainerRecord, found: Pick<StartContext, 'sources' | 'volumes'>): EncodedPlan {
    const context = { ...this.#context, ...found };
    const make = () => buildApplication(this.#plans, startFacts(own, this.#image, context));
    if (this.#templates === null || isAlone(own)) return encoded(make());
    return this.#templates.encode(likeness(own, this.#image, context), own.id, make);
  }
}
