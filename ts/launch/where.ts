import type { Mode, Native } from '../native/contract.ts';
import type { Strategy } from '../plan/types.ts';
import { features } from './features.ts';

/**
 * MountApi, MountSetattr, CloseRange and LowerdirAppend of `native/init/run.h`: without the first two, a mount cannot be
 * made before it has a place, and without the last a union cannot; without the third a child needs a /proc, which the
 * empty mount namespace has not.
 */
const detachedMounts = 0b11011;

/**
 * Decides for each start of a program which process makes its mounts. The first start is done by its container init
 * process alone. Then the empty mount namespace is made, which costs about as much as that start saved, and from then on
 * an opener makes the mounts: what a start costs no longer grows with the host's mount table.
 *
 * `ORLOP_STRATEGY` as `in-child` or `opener` overrides it, for tests and measurements; with `in-child`, nothing is
 * prefetched either.
 */
export class Where {
  readonly #native: Native;
  readonly #mode: Mode;
  readonly #forced: string | undefined;
  #made: Promise<void> | null = null;
  #ready = false;

  constructor(native: Native, mode: Mode, forced = process.env.ORLOP_STRATEGY) {
    this.#native = native;
    this.#mode = mode;
    this.#forced = forced === '' ? undefined : forced;
    if ((features(native) & detachedMounts) !== detachedMounts) this.#forced = 'in-child';
  }

  /** Resolves when `choose` follows what was asked for by the environment. */
  async settled(): Promise<void> {
    if (this.#forced === 'opener') await this.#make();
  }

  /**
   * @param mayHang a source of the start lies on a file system that may never answer. Only a child can be killed there:
   * a thread of this program would hang, and with it the program's end
   */
  choose(mayHang: boolean): Strategy {
    return this.#ready && !mayHang ? 'opener' : 'in-child';
  }

  /**
   * Whether an opener can make the mounts of a container that is to wait. The empty mount namespace is made where there is
   * none yet.
   */
  async canOpen(): Promise<boolean> {
    if (this.#forced !== 'in-child') await this.#make();
    return this.#ready;
  }

  /** Whether something may be made before a start asks for it. */
  get prefetches(): boolean {
    return this.#forced !== 'in-child' && this.#mode === 'program';
  }

  /** A start has been made, and others may follow. */
  startMade(): void {
    if (this.#made === null && this.#forced === undefined && this.#mode === 'program') void this.#make();
  }

  /** Without the privilege, every start goes on as the first did. */
  #make(): Promise<void> {
    this.#made ??= this.#native.makeEmptyNamespace().then(
      () => {
        this.#ready = true;
      },
      () => {},
    );
    return this.#made;
  }
}
