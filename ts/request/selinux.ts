import { RequestError } from '../errors/index.ts';
import type { RequestContext } from './types.ts';

/**
 * The refusal of labels of SELinux, which orlop does not set.
 *
 * @param what that asks for them: `volume 'data:/test:z' has 'z'`
 */
export function noLabels(what: string, context: Pick<RequestContext, 'seLinux'>): RequestError {
  if (!context.seLinux()) {
    return new RequestError('ORLOP_E_KERNEL', `${what}, and this machine has no SELinux`, { hint: 'leave it out' });
  }
  return new RequestError('ORLOP_E_LATER', `${what}, and labels of SELinux come with a later version`, {
    hint: `until then: leave it out: the container has the label of its caller, as with 'label=disable'`,
  });
}
