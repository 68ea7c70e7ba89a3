import { expect } from 'chai';
import { Strategies } from '../../../ts/launch/strategies.ts';
import { fakeNative } from '../../support/fake-native.ts';

const allFeatures = 0xff;

/** An addon whose empty mount namespace is made when `made` says so. */
function nativeWith(made: Promise<void>, features = allFeatures, atOnce = false) {
  let asked = 0;
  const native = fakeNative({
    features: () => features,
    worksAtOnce: () => atOnce,
    makeEmptyNamespace: () => {
      asked++;
      return made;
    },
  });
  return { native, asked: () => asked };
}

const refused = () => Promise.reject(Object.assign(new Error('setns'), { code: 'EPERM' }));

describe('who makes the mounts of a start', () => {
  it('is the container init process for the first one, and an opener once the empty namespace is made', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const strategies = new Strategies(native, undefined);
    expect(await strategies.choose(false)).to.equal('in-child');
    expect(asked()).to.equal(0);
    strategies.startMade();
    strategies.startMade();
    await new Promise(setImmediate);
    expect(await strategies.choose(false)).to.equal('opener');
    expect(asked()).to.equal(1);
  });

  it('makes nothing ahead in a program that ends soon', async () => {
    const { native, asked } = nativeWith(Promise.resolve(), allFeatures, true);
    const strategies = new Strategies(native, undefined);
    strategies.startMade();
    expect(asked()).to.equal(0);
    expect(await strategies.choose(false)).to.equal('in-child');
  });

  it('is the container init process, which can be killed, when a source may never answer', async () => {
    const strategies = new Strategies(nativeWith(Promise.resolve()).native, 'opener');
    expect(await strategies.choose(true)).to.equal('in-child');
    expect(await strategies.choose(false)).to.equal('opener');
  });

  it('stays the container init process where the program may not make the namespace', async () => {
    const strategies = new Strategies(nativeWith(refused()).native, undefined);
    strategies.startMade();
    await new Promise(setImmediate);
    expect(await strategies.choose(false)).to.equal('in-child');
  });

  it('stays the container init process where the kernel makes no tree, or no union, without a place', async () => {
    for (const missing of [0b10, 0b10000]) {
      const { native, asked } = nativeWith(Promise.resolve(), allFeatures & ~missing);
      const strategies = new Strategies(native, 'opener');
      strategies.startMade();
      expect(await strategies.choose(false)).to.equal('in-child');
      expect(asked()).to.equal(0);
    }
  });

  it('is what ORLOP_STRATEGY says', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const never = new Strategies(native, 'in-child');
    never.startMade();
    expect(await never.choose(false)).to.equal('in-child');
    expect(asked()).to.equal(0);
    expect(never.ahead).to.equal(false);
    expect(new Strategies(native, undefined).ahead).to.equal(true);
    expect(await new Strategies(native, 'opener').choose(false)).to.equal('opener');
  });

  it('can make what waits for its start at once, where an opener can make anything', async () => {
    const { native, asked } = nativeWith(Promise.resolve());
    const strategies = new Strategies(native, undefined);
    expect(await strategies.canOpen()).to.equal(true);
    expect(await strategies.canOpen()).to.equal(true);
    expect(asked()).to.equal(1);
    expect(await new Strategies(nativeWith(Promise.resolve()).native, 'in-child').canOpen()).to.equal(false);
    expect(await new Strategies(nativeWith(refused()).native, undefined).canOpen()).to.equal(false);
    for (const missing of [0b1, 0b10, 0b1000]) {
      const old = nativeWith(Promise.resolve(), allFeatures & ~missing);
      expect(await new Strategies(old.native, undefined).canOpen()).to.equal(false);
    }
  });
});
