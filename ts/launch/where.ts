import { RequestError } from '../errors/index.ts';
import type { Mode, Native } from '../native/contract.ts';
import type { Strategy } from '../plan/types.ts';
import { features } from './features.ts';

/**
 * MountApi, MountSetattr, CloseRange and LowerdirAppend of `native/init/run.h`. Detached mounts need the first two, a
 * detached union the last. Without CloseRange a child needs /proc, which the empty mount namespace does not have.
 */
const detachedMounts = 0b11011;

/**
 * Decides for each start of a program which process makes its mounts: the first time, the container init process. Then
 * the empty mount namespace is made, which takes about as long as an opener saves in one start. From then on an opener
 * makes the mounts, so that the cost of a start does not grow with the host's mount table.
 *
 * `ORLOP_STRATEGY` as `in-child` or `opener` overrides it, for tests and measurements; with `in-child`, nothing is
 * prefetched either.
 */
export class Where {
  readonly #native: Native;
  readonly #mode: Mode;
  readonly #forced: string | undefined;
  #made: Promise<void> | null = null;
  #madeForUsers: Promise<void> | null = null;
  #ready = false;

  constructor(native: Native, mode: Mode, forced = process.env.ORLOP_STRATEGY) {
    this.#native = native;
    this.#mode = mode;
    this.#forced = forced === '' ? undefined : forced;
    if ((features(native) & detachedMounts) !== detachedMounts) this.#forced = 'in-child';
  }

  /** Resolves when `choose` follows `ORLOP_STRATEGY`. */
  async settled(): Promise<void> {
    if (this.#forced === 'opener') await this.#make();
  }

  /**
   * @param mayHang a source of the start lies on a file system that may never answer. A child can be killed there; a
   * thread of this program would hang, and keep the program from exiting
   */
  choose(mayHang: boolean): Strategy {
    return this.#ready && !mayHang ? 'opener' : 'in-child';
  }

  /**
   * True if an opener can make the mounts of a waiting container. Makes the empty mount namespace if there is none.
   */
  async canOpen(): Promise<boolean> {
    if (this.#forced !== 'in-child') await this.#make();
    return this.#ready;
  }

  /**
   * Makes the empty mount namespace for children in a user namespace of their own, once.
   *
   * @param mayHang as for `choose`
   * @throws RequestError ORLOP_E_KERNEL, ORLOP_E_SOURCE
   */
  async openForUsers(mayHang: boolean): Promise<void> {
    if ((features(this.#native) & detachedMounts) !== detachedMounts) {
      throw new RequestError(
        'ORLOP_E_KERNEL',
        'a user namespace for each container takes detached mounts (Linux 6.8)',
        {
          hint: `use a newer kernel, or '--userns host'`,
        },
      );
    }
    if (mayHang) {
      throw new RequestError('ORLOP_E_SOURCE', 'a source lies on a file system that cannot show other owners', {
        hint: `use another place (ext4, xfs, btrfs and tmpfs can), or '--userns host'`,
      });
    }
    this.#madeForUsers ??= this.#native.makeEmptyNamespace(true);
    await this.#madeForUsers;
  }

  /** True if parts of a start may be prefetched. */
  get prefetches(): boolean {
    return this.#forced !== 'in-child' && this.#mode === 'program';
  }

  /** Notes a start: others may follow, so the empty mount namespace is made for them. */
  startMade(): void {
    if (this.#made === null && this.#forced === undefined && this.#mode === 'program') void this.#make();
  }

  /** Makes the empty mount namespace. Without the privilege, all starts stay in-child. */
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
