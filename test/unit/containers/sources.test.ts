import { mkdirSync, rmdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  areDirect,
  forgetSources,
  recallSources,
  resolveSources,
  resolveVolumes,
} from '../../../ts/containers/sources.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import type { BindMount } from '../../../ts/request/types.ts';
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
    const sources = await resolveSources(store(), [bind('a', '/1'), bind('a', '/2'), bind('link', '/3')]);
    expect([...sources.keys()]).to.deep.equal(['/1', '/2', '/3']);
    expect(new Set([...sources.values()].map(({ path }) => path))).to.deep.equal(new Set([at('a')]));
  });

  it('are refused by the first that is wrong', async () => {
    mkdirSync(at('a'));
    const missing = resolveSources(store(), [bind('a', '/1'), bind('first', '/2'), bind('second', '/3')]);
    expect((await refusal(missing)).message).to.include(`'${at('first')}' at '/2'`);
  });

  it('are seen once for starts that compare them, unless a link leads to them', async () => {
    mkdirSync(at('a'));
    symlinkSync(at('a'), at('link'));
    const mounts = [bind('a', '/1'), bind('link', '/2')];
    const own = store();
    const before = await recallSources(own, mounts);
    expect(areDirect(before, mounts)).to.equal(false);
    expect(areDirect(before, mounts.slice(0, 1))).to.equal(true);
    rmdirSync(at('a'));
    expect(await recallSources(own, mounts.slice(0, 1))).to.deep.equal(new Map([['/1', before.get('/1')]]));
    expect((await refusal(recallSources(own, mounts))).code).to.equal('ORLOP_E_SOURCE');
    forgetSources(own, mounts);
    expect((await refusal(recallSources(own, mounts.slice(0, 1)))).code).to.equal('ORLOP_E_SOURCE');
  });

  it('tell of a volume that was taken out of the store by hand', () => {
    const volumes = { volumeData: (name: string) => at(`volumes/${name}/_data`) };
    mkdirSync(volumes.volumeData('data'), { recursive: true });
    expect([...resolveVolumes(volumes, ['data']).keys()]).to.deep.equal(['data']);
    expect(() => resolveVolumes(volumes, ['data', 'gone'])).to.throw(RequestError, "no volume has the name 'gone'");
  });
});
