import type {
  Change,
  Native,
  NativeCommand,
  NativePrepared,
  PrepareOptions,
  RunningState,
} from '../native/contract.ts';
import { buildPlan } from '../plan/build.ts';
import { BinaryPlan } from '../plan/encoded.ts';
import type { StartFacts } from '../plan/facts.ts';
import { inForm, type PlanForm } from '../plan/form.ts';
import type { Values } from '../plan/holes.ts';
import type { Plan } from '../plan/types.ts';
import { features } from './features.ts';

/** What removes a container at its end. */
export interface EndChanges {
  readonly changes: readonly Change[];
  /** Takes time: the caller does not wait for it. */
  readonly later: readonly Change[];
}

/** What a start is prepared from. Texts have holes where containers of the same request differ. */
export interface StartSource {
  /** What the plan follows from, but for what is prefetched. Called when a form is first needed. */
  facts(): StartFacts;
  /** What has to be so for the start to go by what was resolved. */
  readonly checks: readonly Change[];
  /** Makes the container: its record and its read-write layer, which comes from `shelf`, or from nothing. */
  created(origin: { readonly shelf: string | null; readonly mounted: boolean }): readonly Change[];
  readonly running: RunningState;
  /**
   * Removes the container.
   *
   * @param trash directory for trees that are removed in the background
   * @returns null where its removal takes more than a list of changes
   */
  ended(trash: string | null): EndChanges | null;
  /** A source lies on a file system that may never answer. */
  readonly mayHang: boolean;
}

/** What a start has prefetched, and what its lists of changes are about. */
export interface Form extends PlanForm {
  readonly shelf: string | null;
  readonly trash: string | null;
}

/** A prepared start in one form, as the addon has it. */
export interface PreparedForm {
  readonly native: NativePrepared;
  /** A list of changes removes the container at its end. */
  readonly removes: boolean;
  /** The plan as it was launched with these values. */
  planOf(values: Values, command?: NativeCommand): Plan;
}

/**
 * A start as a prepared statement: all that containers of one request have in common, with holes for the rest. It is the
 * only thing that can be launched. Its forms differ in what was prefetched.
 */
export class PreparedStart {
  readonly #native: Native;
  readonly #source: StartSource;
  readonly #forms = new Map<string, PreparedForm>();
  #facts: StartFacts | null = null;

  constructor(native: Native, source: StartSource) {
    this.#native = native;
    this.#source = source;
  }

  get mayHang(): boolean {
    return this.#source.mayHang;
  }

  get facts(): StartFacts {
    this.#facts ??= this.#source.facts();
    return this.#facts;
  }

  /** @throws RequestError ORLOP_E_INPUT when the plan is over the limits of its binary form */
  form(form: Form): PreparedForm {
    const key = `${form.strategy} ${form.network} ${form.mounts} ${form.shelf} ${form.trash}`;
    const known = this.#forms.get(key);
    if (known !== undefined) return known;
    const made = this.#make(form);
    this.#forms.set(key, made);
    return made;
  }

  #make(form: Form): PreparedForm {
    const { checks, running } = this.#source;
    return prepareForm(this.#native, buildPlan(inForm(this.facts, form)), {
      checks,
      created: this.#source.created({ shelf: form.shelf, mounted: form.mounts !== null }),
      running,
      ended: this.#source.ended(form.trash),
    });
  }
}

/** What surrounds a launch. */
export interface Surroundings extends Pick<PrepareOptions, 'checks' | 'created' | 'running'> {
  /** Null, or left out: no list of changes removes the container at its end. */
  readonly ended?: EndChanges | null;
}

/** Hands a plan to the addon, with what surrounds its launch. Throws as `encodePlan`. */
export function prepareForm(native: Native, plan: Plan, { ended = null, ...surroundings }: Surroundings): PreparedForm {
  const binary = new BinaryPlan(plan);
  const { bytes, holes } = binary.encoded;
  const prepared = native.prepare(bytes, {
    ...surroundings,
    holes,
    features: features(native),
    ended: ended?.changes,
    later: ended?.later,
  });
  return { native: prepared, removes: ended !== null, planOf: (values, command) => binary.read(values, command) };
}
