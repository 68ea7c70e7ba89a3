import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { guard } from '../../../ts/containers/guarded.ts';
import type { Lent } from '../../../ts/containers/lent.ts';
import type { Native } from '../../../ts/native/contract.ts';
import { rootRights } from '../../../ts/native/rights.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the guard of a container in the PID namespace of the host', () => {
  const directory = temporaryDirectory();
  const started = new Error('the guard is started');
  const native = (launcher: boolean) =>
    ({
      rights: { ...rootRights, launcher },
      features: () => 0,
      launch: () => Promise.reject(started),
    }) as unknown as Native;
  const start = (launcher: boolean) => {
    const lent = { limited: { group: { toEnd: () => directory() } } } as unknown as Lent;
    return guard({ native: native(launcher), store: { run: directory() } as never }, 'ab', lent);
  };

  it('is refused where it would end orlop-launcher, which sits in the cgroup', async () => {
    const error = await refusal(start(true));
    expect(error.code).to.equal('ORLOP_E_LIMIT');
    expect(error.message).to.match(/^'--pid host' takes cgroup v2 where orlop-launcher starts/);
    expect(existsSync(join(directory(), 'groups'))).to.equal(false);
  });

  it('is started where nothing of orlop-launcher is in the cgroup, or it is not orlop-launcher that starts', async () => {
    const attempt = (launcher: boolean) => start(launcher).catch((error: unknown) => error);
    expect(await attempt(false)).to.not.include({ code: 'ORLOP_E_LIMIT' });
    writeFileSync(join(directory(), 'cgroup.events'), '');
    expect(await attempt(true)).to.not.include({ code: 'ORLOP_E_LIMIT' });
  });
});
