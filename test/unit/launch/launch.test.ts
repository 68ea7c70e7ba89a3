import { constants } from 'node:os';
import { expect } from 'chai';
import { LaunchError } from '../../../ts/errors/index.ts';
import { launch } from '../../../ts/launch/launch.ts';
import type { PreparedForm } from '../../../ts/launch/prepared-start.ts';
import { fakeNative } from '../../support/fake-native.ts';

describe('a launch whose clone the kernel refuses', () => {
  const refused = (code: 'EPERM' | 'EAGAIN' | 'ENOMEM', syscall = 'clone') => {
    const error = Object.assign(new Error(`${code}: ${syscall}`), { code, syscall, errno: -constants.errno[code] });
    const native = fakeNative({ launch: () => Promise.reject(error) });
    return launch(native, {} as PreparedForm, { values: [], descriptors: [] }).catch((thrown: unknown) => thrown);
  };

  it('fails as a start that the kernel refuses', async () => {
    for (const code of ['EPERM', 'EAGAIN', 'ENOMEM'] as const) {
      const error = await refused(code);
      expect(error).to.be.instanceOf(LaunchError);
      expect(error).to.include({ code, errno: constants.errno[code], syscall: 'clone', exitCode: 125 });
    }
  });

  it('says which limits forbid another process', async () => {
    expect(await refused('EAGAIN'))
      .to.have.property('hint')
      .that.includes('ulimit -u')
      .and.includes('pids.max');
  });

  it('is not what another call has refused', async () => {
    expect(await refused('EAGAIN', 'flock')).to.not.be.instanceOf(LaunchError);
  });
});
