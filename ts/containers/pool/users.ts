import { resolveImageUser } from '../../images/read-users.ts';
import type { ResolvedImage, ResolvedUser } from '../../images/types.ts';
import type { Native } from '../../native/contract.ts';
import type { ImageView } from '../view.ts';

const mostKnown = 64;

/** Users that requests to a pool have named. An image never says anything else of one; the host does. */
export class PoolUsers {
  readonly #native: Native;
  readonly #known = new Map<string, ResolvedUser>();

  constructor(native: Native) {
    this.#native = native;
  }

  /** One that was named before; undefined otherwise. */
  known(spec: string, { id }: ResolvedImage): ResolvedUser | undefined {
    return this.#known.get(`${id} ${spec}`);
  }

  /**
   * @param spec empty for root
   * @throws RequestError ORLOP_E_NO_USER
   */
  async resolve(spec: string, image: ResolvedImage, view: ImageView): Promise<ResolvedUser> {
    const user = await resolveImageUser(this.#native, image, spec, view.open);
    if (image.id === 'host') return user;
    const key = `${image.id} ${spec}`;
    if (this.#known.size >= mostKnown) this.#known.clear();
    this.#known.set(key, user);
    return user;
  }
}
