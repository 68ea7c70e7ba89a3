import { expect } from 'chai';
import { Where } from '../../../ts/launch/where.ts';
import { fakeNative } from '../../support/fake-native.ts';

const allFeatures = 0xff;

/** An addon whose empty mount namespace is made when `made` says so. */
function nativeWith(made: Promise<void>, features = allFeatures) {
  let asked = 0;
  const native = fakeNative({
    features: () => features,
    makeEmptyNamespace: () => {
      asked++;
      return made;
    },
  });
  return { native, asked: () => asked };
}

const refused = () => Promise.reject(Object.assign(new Error('setns'), { code: 'EPERM' }));

/** What the environment says when it says nothing. */
const free = '';

describe('who makes the mounts of a start', () => {
  it('is the container init process for the first one, and an opener once the empty namespace is made', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const where = new Where(native, 'program', free);
    await where.settled();
    expect(where.choose(false)).to.equal('in-child');
    expect(asked()).to.equal(0);
    where.startMade();
    where.startMade();
    await new Promise(setImmediate);
    expect(where.choose(false)).to.equal('opener');
    expect(asked()).to.equal(1);
  });

  it('is the container init process in a command, which makes one start and ends', () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const where = new Where(native, 'command', free);
    where.startMade();
    expect(asked()).to.equal(0);
    expect(where.choose(false)).to.equal('in-child');
  });

  it('is the container init process, which can be killed, when a source may never answer', async () => {
    const where = new Where(nativeWith(Promise.resolve()).native, 'program', 'opener');
    await where.settled();
    expect(where.choose(true)).to.equal('in-child');
    expect(where.choose(false)).to.equal('opener');
  });

  it('stays the container init process where the program may not make the namespace', async () => {
    const where = new Where(nativeWith(refused()).native, 'program', free);
    where.startMade();
    await new Promise(setImmediate);
    expect(where.choose(false)).to.equal('in-child');
  });

  it('stays the container init process where the kernel makes no detached mount, or no detached union', async () => {
    for (const missing of [0b10, 0b10000]) {
      const { native, asked } = nativeWith(Promise.resolve(), allFeatures & ~missing);
      const where = new Where(native, 'program', 'opener');
      where.startMade();
      await where.settled();
      expect(where.choose(false)).to.equal('in-child');
      expect(asked()).to.equal(0);
    }
  });

  it('is what ORLOP_STRATEGY says', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const never = new Where(native, 'program', 'in-child');
    never.startMade();
    await never.settled();
    expect(never.choose(false)).to.equal('in-child');
    expect(asked()).to.equal(0);
    for (const mode of ['program', 'command'] as const) {
      const always = new Where(native, mode, 'opener');
      await always.settled();
      expect(always.choose(false)).to.equal('opener');
    }
  });

  it('prefetches in a program that may start others, where an opener can make anything', () => {
    const { native } = nativeWith(Promise.resolve());
    const prefetches = (...given: ConstructorParameters<typeof Where>) => new Where(...given).prefetches;
    expect(prefetches(native, 'program', free)).to.equal(true);
    expect(prefetches(native, 'program', 'opener')).to.equal(true);
    expect(prefetches(native, 'program', 'in-child')).to.equal(false);
    expect(prefetches(native, 'command', free)).to.equal(false);
    expect(prefetches(nativeWith(Promise.resolve(), 0).native, 'program', free)).to.equal(false);
  });

  it('can make what waits for its start at once, where an opener can make anything', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const where = new Where(native, 'program', free);
    expect(await where.canOpen()).to.equal(true);
    expect(await where.canOpen()).to.equal(true);
    expect(asked()).to.equal(1);
    expect(await new Where(nativeWith(Promise.resolve()).native, 'program', 'in-child').canOpen()).to.equal(false);
    expect(await new Where(nativeWith(refused()).native, 'program', free).canOpen()).to.equal(false);
    for (const missing of [0b1, 0b10, 0b1000]) {
      const old = nativeWith(Promise.resolve(), allFeatures & ~missing);
      expect(await new Where(old.native, 'program', free).canOpen()).to.equal(false);
    }
  });
});
