/** Objects of the store. A damaged record hides only its own object. */
export interface Listing<Item> {
  /** Objects whose records were read. */
  readonly items: readonly Item[];
  /** Objects whose records are damaged. */
  readonly damaged: readonly Damaged[];
}

/** An object of the store whose record cannot be read. */
export interface Damaged {
  /** Directory of the container or volume, or record file of the image. */
  readonly path: string;
  /** Cause of the damage. */
  readonly message: string;
  /** Suggested action; undefined if there is none. */
  readonly hint?: string | undefined;
}

/** Options of a listing. */
export interface ListOptions<Item> {
  /** Keeps the items for which the function returns true; default: all items. */
  readonly filter?: ((item: Item) => boolean) | undefined;
}
