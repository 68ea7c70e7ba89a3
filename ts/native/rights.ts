import type { RequestError } from '../errors/index.ts';
import { allIds, type IdMaps } from './ids.ts';

/** Extended attributes in which overlayfs keeps its marks: `trusted.overlay.*`, or `user.overlay.*` in a user namespace. */
export type Marks = 'trusted' | 'user';

/** Marks of the mounts that a caller makes itself. Pure. */
export function marksOf({ userNamespace }: Pick<Rights, 'userNamespace'>): Marks {
  return userNamespace === null ? 'trusted' : 'user';
}

/** What containers can be made with. */
export type Rights = Making & {
  /** A profile of AppArmor restricts orlop-launcher; undefined: it is this process that starts containers. */
  readonly confined?: boolean | undefined;
};

type Making =
  /** The capabilities of root, in this process or in orlop-launcher. */
  | ({ readonly kind: 'root'; readonly userNamespace: null; readonly launcher: boolean } & IdMaps)
  /** A user namespace, in orlop-launcher. Its descriptor is for orlop-archive, which enters it. */
  | ({
      readonly kind: 'user';
      readonly userNamespace: number;
      readonly launcher: true;
      /** Process ID of orlop-launcher. */
      readonly launcherPid: number;
      /** Why the namespace has one ID; null if it has a range. */
      readonly narrow: string | null;
    } & IdMaps)
  /** Nothing: records and images can be looked at. */
  | ({ readonly kind: 'none'; readonly userNamespace: null; readonly why: RequestError } & IdMaps);

export const rootRights = {
  kind: 'root',
  userNamespace: null,
  launcher: false,
  users: allIds,
  groups: allIds,
} as const satisfies Rights;

export function noRights(why: RequestError): Rights {
  return { kind: 'none', userNamespace: null, users: allIds, groups: allIds, why };
}
