import { buildPlan } from '../../ts/plan/build.ts';
import { defaultMaskedPaths, defaultReadonlyPaths, defaultSysctls } from '../../ts/plan/defaults.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { makeBind, makeFacts, makeTmpfs } from './facts.ts';

/** A plan with every kind of field, in its binary form. */
export function samplePlan(): Uint8Array {
  const text = (content: string) => new TextEncoder().encode(content);
  return encodePlan(
    buildPlan(
      makeFacts({
        mounts: [makeBind('/test'), makeTmpfs('/box')],
        files: { hosts: text('127.0.0.1 box\n'), hostname: text('box\n'), resolvConf: null },
        maskedPaths: defaultMaskedPaths,
        readonlyPaths: defaultReadonlyPaths,
        sysctls: defaultSysctls('none'),
      }),
    ),
  ).bytes;
}
