import type { RequestError } from '../errors/index.ts';
import { allIds, type IdMap } from './ids.ts';

/** What containers can be made with. */
export type Rights =
  /** The capabilities of root, in this process. */
  | ({ readonly kind: 'root'; readonly userNamespace: null } & Maps)
  /** A user namespace, in orlop-launcher. Its descriptor is for orlop-archive, which enters it. */
  | ({ readonly kind: 'user'; readonly userNamespace: number } & Maps)
  /** Nothing: records and images can be looked at. */
  | ({ readonly kind: 'none'; readonly userNamespace: null; readonly why: RequestError } & Maps);

interface Maps {
  readonly users: IdMap;
  readonly groups: IdMap;
}

export const rootRights: Rights = { kind: 'root', userNamespace: null, users: allIds, groups: allIds };

export function noRights(why: RequestError): Rights {
  return { kind: 'none', userNamespace: null, users: allIds, groups: allIds, why };
}
