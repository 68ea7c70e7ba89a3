import { RequestError } from '../errors/index.ts';
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
import { format } from '../plan/format.ts';
import { hole, type Values } from '../plan/holes.ts';
import type { Plan } from '../plan/types.ts';
import { features } from './features.ts';

/** Changes that remove a container after the application's exit. */
export interface AfterExit {
  /** Made before the caller is notified of the exit. */
  readonly changes: readonly Change[];
  /** Made after that, because they take time. */
  readonly background: readonly Change[];
}

/** Source of a prepared start. Texts have holes where containers of the same request differ. */
export interface StartSource {
  /** Facts that the plan is built from, without prefetched parts. Called when a form is first needed. */
  facts(): StartFacts;
  /** Checks that the resolved values still hold. */
  readonly checks: readonly Change[];
  /** Batch of changes that makes the container. Its layer is moved out of `stagingDirectory`; null: made in place. */
  created(origin: { readonly stagingDirectory: string | null; readonly mounted: boolean }): readonly Change[];
  readonly running: RunningState;
  /**
   * Changes that remove the container.
   *
   * @param trash directory for file trees that are removed in the background; null: none
   * @returns null if the removal takes more than a batch of changes
   */
  afterExit(trash: string | null): AfterExit | null;
  /** A source lies on a file system that may never answer. */
  readonly mayHang: boolean;
}

/** Form of a prepared start: its prefetched parts, and the directories that its batches of changes use. */
export interface Form extends PlanForm {
  readonly stagingDirectory: string | null;
  readonly trash: string | null;
}

/** A prepared start in one form, as the addon has it. */
export interface PreparedForm {
  readonly native: NativePrepared;
  /** A batch of changes removes the container after the exit. */
  readonly removes: boolean;
  /** Bytes of the plan, without a command. */
  readonly size: number;
  /** The plan as it was launched with these values. */
  planOf(values: Values, command?: NativeCommand): Plan;
}

/**
 * A start as a prepared statement: all that containers of one request have in common, with holes for the rest. Nothing
 * else can be launched. Its forms differ in what was prefetched.
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
    const key = `${form.strategy} ${form.network} ${form.mounts} ${form.stagingDirectory} ${form.trash}`;
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
      created: this.#source.created({ stagingDirectory: form.stagingDirectory, mounted: form.mounts !== null }),
      running,
      ...mapsOf(this.facts),
      afterExit: this.#source.afterExit(form.trash),
    });
  }
}

/** The maps of a container's own user namespace. Each start gives the first ID of one that no other has. Pure. */
function mapsOf({ userNamespace }: StartFacts): Pick<PrepareOptions, 'uidMap' | 'gidMap'> {
  if (!userNamespace) return {};
  const { first, size } = userNamespace;
  const map = (id: number | undefined) => `0 ${id ?? hole.range} ${size}\n`;
  return { uidMap: map(first?.user), gidMap: map(first?.group) };
}

/** Checks and batches of changes around a launch. */
export interface Surroundings extends Pick<PrepareOptions, 'checks' | 'created' | 'running' | 'uidMap' | 'gidMap'> {
  /** Null or left out: no batch of changes removes the container. */
  readonly afterExit?: AfterExit | null;
}

/** Prepares a plan in the addon, with its checks and changes. Throws as `encodePlan`. */
export function prepareForm(
  native: Native,
  plan: Plan,
  { afterExit = null, ...surroundings }: Surroundings,
): PreparedForm {
  const binary = new BinaryPlan(plan);
  const { bytes, holes } = binary.encoded;
  const prepared = native.prepare(bytes, {
    ...surroundings,
    holes,
    features: features(native),
    ended: afterExit?.changes,
    background: afterExit?.background,
  });
  return {
    native: prepared,
    removes: afterExit !== null,
    size: bytes.length,
    planOf: (values, command) => binary.read(values, command),
  };
}

/** Bytes at most that alignment adds to a list. */
const listPadding = 8;

/**
 * Refuses a command that the binary form of the plan has no room for.
 *
 * @throws RequestError ORLOP_E_INPUT
 */
export function requireRoom({ size }: Pick<PreparedForm, 'size'>, command: NativeCommand | undefined): void {
  if (command === undefined) return;
  const lists = [command.candidates, command.argv, command.env];
  let bytes = size + lists.length * listPadding;
  // A NUL and an offset for each text.
  for (const list of lists) for (const text of list) bytes += Buffer.byteLength(text) + 5;
  if (bytes <= format.maxSize) return;
  throw new RequestError('ORLOP_E_INPUT', `the plan is larger than ${format.maxSize} bytes`, {
    hint: 'use a shorter command line or a smaller environment',
  });
}
