import { type EncodedPlan, encoded, encodedAs } from './encoded.ts';
import { PlanTemplate } from './template.ts';
import type { Plan } from './types.ts';

/**
 * Plans of the last containers, to be written again for others that are alike. Programs start the same thing again and
 * again, and a plan is thousands of small steps of JavaScript: the second one is a copy of the first with another ID in it.
 */
export class PlanTemplates {
  readonly #most: number;
  readonly #known = new Map<string, PlanTemplate>();

  /** @param most of them; the oldest goes when there are more */
  constructor(most = 64) {
    this.#most = most;
  }

  /**
   * @param key equal for containers whose plans differ in nothing but the ID
   * @param id of the container
   * @param make builds its plan; called when it is the first of its kind, or somebody asks for the plan
   */
  encode(key: string, id: string, make: () => Plan): EncodedPlan {
    const known = this.#known.get(key);
    if (known !== undefined) return encodedAs(known.encodeFor(id), make);
    const made = encoded(make());
    this.#remember(key, new PlanTemplate(made.bytes, id));
    return made;
  }

  #remember(key: string, template: PlanTemplate): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= this.#most && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, template);
  }
}
