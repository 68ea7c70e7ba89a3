import type { Op, Slot, Strategy, Supplied } from './types.ts';

/** A plan while it is made: the two lists, and the slots handed out so far. */
export class Draft {
  readonly supplied: readonly Supplied[];
  readonly prepare: Op[] = [];
  readonly enter: Op[] = [];
  /** Like `prepare`, for what can only be made in the container's namespaces: the container init process does it. */
  readonly inside: Op[];
  slots: number;

  /** @param slots of a plan that the same process has executed before: what is in them stays */
  constructor(supplied: readonly Supplied[], { strategy, slots }: { strategy?: Strategy | undefined; slots?: number }) {
    this.supplied = supplied;
    this.slots = slots ?? supplied.length;
    this.inside = strategy === 'opener' ? this.enter : this.prepare;
  }

  /** The next free slot, for an operation that fills it. */
  newSlot(): Slot {
    return this.slots++;
  }

  /** Slot with a tree that the caller made ahead; null when there is none. */
  readyTree(target: string): Slot | null {
    const slot = this.supplied.indexOf(`tree:${target}`);
    return slot < 0 ? null : slot;
  }

  /** Slot that the caller fills. */
  suppliedSlot(name: Supplied): Slot {
    const slot = this.supplied.indexOf(name);
    if (slot < 0) throw new RangeError(`no descriptor ${name} is supplied`);
    return slot;
  }
}
