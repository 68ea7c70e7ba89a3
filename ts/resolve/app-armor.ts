import { RequestError } from '../errors/index.ts';
import { defaultProfile, hasAppArmor, isConfined, profileMode } from '../linux/app-armor.ts';
import type { Rights } from '../native/rights.ts';
import type { RunRequest } from '../request/types.ts';

/**
 * The profile of AppArmor that a container gets: the one that it asks for, or that of orlop where it is loaded. Null:
 * that of the process that starts it.
 *
 * @throws RequestError ORLOP_E_KERNEL
 */
export function resolveProfile(
  { security: { appArmor } }: Pick<RunRequest, 'security'>,
  { confined }: Pick<Rights, 'confined'>,
): string | null {
  if (appArmor === 'unconfined') return null;
  if (appArmor === undefined) {
    if (!hasAppArmor() || profileMode(defaultProfile) === null) return null;
    // Under a profile, which holds for the container too, another one cannot be chosen.
    return (confined ?? isConfined('self')) ? null : defaultProfile;
  }
  if (!hasAppArmor()) {
    throw new RequestError('ORLOP_E_KERNEL', `the profile '${appArmor}' takes AppArmor, which is off on this machine`, {
      hint: `leave 'apparmor=${appArmor}' out, or write 'apparmor=unconfined'`,
    });
  }
  if (profileMode(appArmor) === null) {
    throw new RequestError('ORLOP_E_KERNEL', `AppArmor has no profile '${appArmor}', or hides it from this process`, {
      hint:
        appArmor === defaultProfile
          ? `'sudo orlop doctor --fix' loads it`
          : `load it with 'sudo apparmor_parser -r FILE'; 'sudo aa-status' lists the profiles`,
    });
  }
  return appArmor;
}
