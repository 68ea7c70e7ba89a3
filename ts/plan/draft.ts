import type { Op, Slot, Strategy, Supplied } from './types.ts';

/** A plan under construction: its operations, and the number of slots so far. */
export class Draft {
  readonly supplied: readonly Supplied[];
  readonly prepare: Op[] = [];
  readonly enter: Op[] = [];
  /**
   * `prepare` or `enter`: operations that make file systems, which belong to the container's root. Where that is none of
   * the host, only the container init process can make them.
   */
  readonly own: Op[];
  /** `prepare` or `enter`: operations that the container init process executes, in the container's namespaces. */
  readonly inside: Op[];
  slots: number;

  /** @param slots number of slots of a plan that the same process has executed before, whose content stays */
  constructor(
    supplied: readonly Supplied[],
    { strategy, slots, userNamespace }: { strategy?: Strategy | undefined; slots?: number; userNamespace?: boolean },
  ) {
    this.supplied = supplied;
    this.slots = slots ?? supplied.length;
    this.inside = strategy === 'opener' ? this.enter : this.prepare;
    this.own = userNamespace ? this.enter : this.prepare;
  }

  /** The next free slot, for an operation that fills it. */
  newSlot(): Slot {
    return this.slots++;
  }

  /** Slot with a prefetched mount; null: none. */
  prefetchedMount(target: string): Slot | null {
    const slot = this.supplied.indexOf(`mount:${target}`);
    return slot < 0 ? null : slot;
  }

  /** Slot that the caller fills. */
  suppliedSlot(name: Supplied): Slot {
    const slot = this.supplied.indexOf(name);
    if (slot < 0) throw new RangeError(`no descriptor ${name} is supplied`);
    return slot;
  }
}
