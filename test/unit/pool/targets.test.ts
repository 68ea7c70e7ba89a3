import { expect } from 'chai';
import { checkTargets } from '../../../ts/pool/targets.ts';
import type { BindMount } from '../../../ts/request/types.ts';

const mount = (target: string): BindMount => ({
  type: 'bind',
  source: '/s',
  target,
  attributes: 0,
  recursive: true,
  propagation: 'private',
});
const volume = (target: string) => ({ name: 'v', target, attributes: 0, anonymous: true, reason: 'image VOLUME' });

function code(own: readonly string[], image: readonly string[], requested: string): string | null {
  try {
    checkTargets({ mounts: own.map(mount), tmpfs: [] }, image.map(volume), [mount(requested)]);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('the target of a request to a pool', () => {
  it('may be anything that the pool has not mounted', () => {
    expect(code(['/a'], [], '/b')).to.equal(null);
    expect(code(['/a'], [], '/a/below')).to.equal(null);
    expect(code([], [], '/dev/shm')).to.equal(null);
  });

  it('may be that of a volume of the image, which a start would leave out', () => {
    expect(code([], ['/data'], '/data')).to.equal(null);
  });

  it('is not one of the pool, and not above one, which it would hide', () => {
    expect(code(['/a'], [], '/a')).to.equal('ORLOP_E_DUPLICATE_TARGET');
    expect(code(['/a/b/c'], [], '/a')).to.equal('ORLOP_E_TARGET');
    expect(code([], ['/data/db'], '/data')).to.equal('ORLOP_E_TARGET');
  });

  it('is not /proc', () => {
    expect(code([], [], '/proc')).to.equal('ORLOP_E_TARGET');
  });
});
