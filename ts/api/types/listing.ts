/** Objects of the store, and the records that could not be read: one damaged file costs that object only. */
export interface Listing<Item> {
  /** What could be read. */
  readonly items: readonly Item[];
  /** What could not, and why. */
  readonly damaged: readonly Damaged[];
}

/** An object of the store whose record cannot be read. */
export interface Damaged {
  /** Where it lies: the directory of a container or a volume, the record of an image. */
  readonly path: string;
  /** What is wrong with it. */
  readonly message: string;
  /** What to do about it; undefined where nobody knows. */
  readonly hint?: string | undefined;
}

/** What a list shall hold. */
export interface ListOptions<Item> {
  /** Keeps the items for which it is true; default: all. */
  readonly filter?: ((item: Item) => boolean) | undefined;
}
