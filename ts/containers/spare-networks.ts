import { features } from '../launch/features.ts';
import { nextTurn } from '../launch/next-turn.ts';
import type { Native } from '../native/contract.ts';
import { defaultSysctls } from '../plan/defaults.ts';
import { encodePlan } from '../plan/encode.ts';
import { networkPlan } from '../plan/network.ts';

/** How many lie ready: one for the next start, and one for a start that comes while another is made. */
const wanted = 2;

/**
 * Network namespaces made ahead, for programs that start more than one container: the kernel needs longer for one than
 * for all other namespaces together. An application gets one that nobody was in before, and the kernel takes those that
 * lie ready away when the program ends.
 */
export class SpareNetworks {
  readonly #native: Native;
  readonly #ready: number[] = [];
  #filling: Promise<void> | null = null;
  #asked = 0;
  #foreseen: (() => number) | null = null;
  #refused = false;
  /** Of the plan, which is the same for all of them. */
  #bytes: Uint8Array | null = null;

  constructor(native: Native) {
    this.#native = native;
  }

  /**
   * A start comes that has much to do before it needs one: the kernel makes it meanwhile. For a program that makes one
   * start, and waits for each of its steps.
   */
  foresee(): void {
    this.#foreseen ??= this.#native.beginNetwork(this.#plan(), features(this.#native));
  }

  /** A descriptor of a network namespace with nothing but its loopback, which the caller closes; null when there is none. */
  take(): number | null {
    const foreseen = this.#takeForeseen();
    if (foreseen !== null) return foreseen;
    if (this.#asked++ > 0) this.#fill();
    return this.#ready.shift() ?? null;
  }

  async close(): Promise<void> {
    await this.#filling;
    this.#asked = 0;
    const foreseen = this.#takeForeseen();
    if (foreseen !== null) this.#native.closeSync(foreseen);
    for (const network of this.#ready.splice(0)) this.#native.closeSync(network);
  }

  #takeForeseen(): number | null {
    const wait = this.#foreseen;
    this.#foreseen = null;
    try {
      return wait?.() ?? null;
    } catch {
      // As below.
      return null;
    }
  }

  #plan(): Uint8Array {
    this.#bytes ??= encodePlan(networkPlan(defaultSysctls('none')));
    return this.#bytes;
  }

  #fill(): void {
    if (this.#refused) return;
    this.#filling ??= nextTurn()
      .then(() => this.#make())
      // Where the program may not, the kernel makes one with each start, or says there what is wrong.
      .catch(() => {
        this.#refused = true;
      })
      .finally(() => {
        this.#filling = null;
      });
  }

  async #make(): Promise<void> {
    const plan = this.#plan();
    while (this.#ready.length < wanted) {
      this.#ready.push(await this.#native.makeNetwork(plan, features(this.#native)));
    }
  }
}
