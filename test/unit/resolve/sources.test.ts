import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import type { BindMount } from '../../../ts/request/types.ts';
import { resolveSources, resolveVolumes } from '../../../ts/resolve/sources.ts';
import { callersRun } from '../../../ts/store/known-stores.ts';
import { fakeNative } from '../../support/fake-native.ts';
import { refusal } from '../../support/refusal.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('the sources of bind mounts', () => {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory(), name);
  const bind = (source: string, target: string): BindMount => ({
    type: 'bind',
    source: at(source),
    target,
    attributes: 0,
    recursive: true,
    propagation: 'rprivate',
  });
  const store = () => ({ root: at('root'), run: at('run'), native: fakeNative() });

  it('are found by their targets, one that is named twice too', async () => {
    mkdirSync(at('a'));
    symlinkSync(at('a'), at('link'));
    const { value: sources } = await resolveSources(store(), [bind('a', '/1'), bind('a', '/2'), bind('link', '/3')]);
    expect([...sources.keys()]).to.deep.equal(['/1', '/2', '/3']);
    expect(new Set([...sources.values()].map(({ path }) => path))).to.deep.equal(new Set([at('a')]));
  });

  it('are refused by the first that is wrong', async () => {
    mkdirSync(at('a'));
    const missing = resolveSources(store(), [bind('a', '/1'), bind('first', '/2'), bind('second', '/3')]);
    expect((await refusal(missing)).message).to.include(`'${at('first')}' at '/2'`);
  });

  it('are found again by another start, unless a link leads to one of them', async () => {
    mkdirSync(at('a'));
    symlinkSync(at('a'), at('link'));
    const repeatable = async (...mounts: BindMount[]) => (await resolveSources(store(), mounts)).repeatable;
    expect(await repeatable()).to.equal(true);
    expect(await repeatable(bind('a', '/1'))).to.equal(true);
    expect(await repeatable(bind('a', '/1'), bind('link', '/2'), bind('a', '/3'))).to.equal(false);
  });

  it('need no check of their own: the mount itself compares them', async () => {
    mkdirSync(at('a'));
    expect((await resolveSources(store(), [bind('a', '/1')])).checks).to.deep.equal([]);
  });

  it('are looked at once each, however often they are named', async () => {
    mkdirSync(at('a'));
    const { lookAt } = fakeNative();
    const looked: string[] = [];
    const native = fakeNative({ lookAt: (path) => lookAt(path).finally(() => looked.push(path)) });
    await resolveSources({ ...store(), native }, [bind('a', '/1'), bind('a', '/2')]);
    expect(looked).to.deep.equal([at('a')]);
  });

  it('are refused in the store, and below its directories of this boot', async () => {
    for (const name of ['root', 'run/containers']) mkdirSync(at(name), { recursive: true });
    for (const name of ['root', 'run/containers']) {
      const error = await refusal(resolveSources(store(), [bind(name, '/1')]));
      expect(error).to.include({ code: 'ORLOP_E_SOURCE' });
      expect(error.message).to.include('lies in the store');
    }
  });

  it('are refused where the caller has code that the command line executes, whatever store is open', async () => {
    const looked = { device: 1n, inode: 2n, directory: true, special: '', fileSystem: 0 };
    const native = fakeNative({ lookAt: async (path) => ({ path, ...looked }) });
    const run = callersRun();
    for (const source of [run, `${run}/cli.cache`]) {
      const error = await refusal(resolveSources({ ...store(), native }, [{ ...bind('', '/1'), source }]));
      expect(error.message).to.include(`lies in the store '${run}'`);
    }
  });

  it('tell of a volume that was taken out of the store by hand', () => {
    const volumes = { volumeData: (name: string) => at(`volumes/${name}/_data`) };
    mkdirSync(volumes.volumeData('data'), { recursive: true });
    expect([...resolveVolumes(volumes, ['data']).keys()]).to.deep.equal(['data']);
    expect(() => resolveVolumes(volumes, ['data', 'gone'])).to.throw(RequestError, "no volume has the name 'gone'");
  });
});
