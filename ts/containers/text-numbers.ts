/** How many texts are known by number at a time. */
const mostKnown = 256;

/**
 * Numbers for what objects say: equal for objects that say the same, never equal for others. An object is looked at
 * once, so it must not change.
 */
export class TextNumbers {
  readonly #byObject = new WeakMap<object, number>();
  readonly #byText = new Map<string, number>();
  #last = 0;

  /** @param text of the object; called when it was not asked for before */
  of<Value extends object>(object: Value | undefined, text: (object: Value) => string): number {
    if (object === undefined) return 0;
    const known = this.#byObject.get(object);
    if (known !== undefined) return known;
    const number = this.#numberOf(text(object));
    this.#byObject.set(object, number);
    return number;
  }

  #numberOf(text: string): number {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    // Numbers are not given again: what had one by its text gets another, and is like nothing before.
    if (this.#byText.size >= mostKnown) this.#byText.clear();
    this.#byText.set(text, ++this.#last);
    return this.#last;
  }
}
