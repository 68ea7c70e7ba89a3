import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { hole } from '../../../ts/plan/holes.ts';
import type { BindMount, RunRequest, VolumeMount } from '../../../ts/request/types.ts';
import { resolveRequest } from '../../../ts/resolve/resolve.ts';
import { Laps } from '../../../ts/trace/laps.ts';
import { withFakeRuntime } from '../../support/fake-runtime.ts';
import { request } from '../../support/records.ts';
import { refusal } from '../../support/refusal.ts';

describe('what a request leads to', () => {
  const { runtime, directory } = withFakeRuntime();

  const at = (name: string) => join(directory(), name);
  const bind = (source: string): BindMount => ({
    type: 'bind',
    source: at(source),
    target: '/bound',
    attributes: 0,
    recursive: true,
    propagation: 'rprivate',
  });
  const volume = (name: string | null): VolumeMount => {
    return { type: 'volume', name, target: '/data', attributes: 0, nocopy: false };
  };
  const resolve = (changes: Partial<RunRequest> = {}) =>
    resolveRequest(runtime(), request(changes), { durability: 'ephemeral' });

  it('is a record with holes for what a container has of its own, its command and its environment', async () => {
    const { record } = await resolve({ argv: ['sh', '-c', 'secret'], env: [{ name: 'A', value: 'secret' }] });
    expect(record).to.deep.include({ id: hole.id, name: hole.name, created: hole.created, layer: hole.id });
    expect(record.hostname).to.equal(hole.shortId);
    expect(record.process).to.deep.include({ argv: [hole.argv], env: [hole.env] });
    expect(record.request).to.deep.include({ argv: [hole.requestArgv], env: [hole.requestEnv] });
    expect(JSON.stringify(record)).not.to.include('secret');
  });

  it('has the name and the hostname that were asked for', async () => {
    const { record } = await resolve({ name: 'one', hostname: 'box' });
    expect(record).to.include({ name: 'one', hostname: 'box' });
  });

  it('has facts without the command, so that containers that execute different ones share them', async () => {
    const { facts } = await resolve({ argv: ['sh'], env: [{ name: 'A', value: 'b' }] });
    expect(facts().process).to.deep.include({ argv: [], candidates: [], env: [] });
    expect(facts().id).to.equal(hole.id);
  });

  it('holds for a container as long as the checks of its image hold, and for a start as long as the others do', async () => {
    expect(await resolve()).to.deep.include({
      createChecks: runtime().found.checks,
      startChecks: [],
      repeatable: true,
    });
    const { createChecks, startChecks } = await resolve({ network: 'host' });
    expect(createChecks).to.deep.equal(runtime().found.checks);
    expect(startChecks.map(([kind, path]) => [kind, path])).to.deep.equal([
      ['same', '/etc/hosts'],
      ['same', '/etc/resolv.conf'],
    ]);
  });

  it('holds for this container alone where something of it may be another for the next', async () => {
    mkdirSync(at('source'));
    symlinkSync(at('source'), at('link'));
    writeFileSync(at('profile'), '{"defaultAction":"SCMP_ACT_ALLOW"}');
    const security = { noNewPrivileges: true, seccomp: { path: at('profile') }, systemPaths: 'own' as const };
    const repeatable = async (changes: Partial<RunRequest>) => (await resolve(changes)).repeatable;
    expect(await repeatable({ mounts: [bind('source'), volume('data')] })).to.equal(true);
    expect(await repeatable({ mounts: [bind('link')] }), 'a link').to.equal(false);
    expect(await repeatable({ mounts: [volume(null)] }), 'an anonymous volume').to.equal(false);
    expect(await repeatable({ security }), 'a profile in a file').to.equal(false);
    runtime().found = { ...runtime().found, repeatable: false };
    expect(await repeatable({}), 'an image').to.equal(false);
  });

  it('holds for a start that comes later, unless something may have changed without a trace', async () => {
    mkdirSync(at('source'));
    symlinkSync(at('source'), at('link'));
    writeFileSync(at('profile'), '{"defaultAction":"SCMP_ACT_ALLOW"}');
    const security = { noNewPrivileges: true, seccomp: { path: at('profile') }, systemPaths: 'own' as const };
    const lasts = async (changes: Partial<RunRequest>) => (await resolve(changes)).startLasts;
    expect(await lasts({ mounts: [bind('link')] }), 'a link').to.equal(false);
    expect(await lasts({ security }), 'a profile in a file').to.equal(false);
    // It has its own volume, and its own image, whatever others get.
    runtime().found = { ...runtime().found, repeatable: false };
    expect(await lasts({ mounts: [volume(null), bind('source')] })).to.equal(true);
  });

  it('is found in steps that can be timed', async () => {
    const laps = new Laps('create');
    await resolveRequest(runtime(), request(), { durability: 'durable', laps });
    expect(laps.steps.map(({ name }) => name)).to.deep.equal(['image', 'user', 'sources', 'settings']);
  });

  it('is refused where nothing can be executed, a source is missing, or there is no such user', async () => {
    for (const [changes, code] of [
      [{ argv: [] }, 'ORLOP_E_INPUT'],
      [{ mounts: [bind('missing')] }, 'ORLOP_E_SOURCE'],
      [{ user: 'nobody-at-all' }, 'ORLOP_E_NO_USER'],
    ] as const) {
      expect(await refusal(resolve(changes))).to.include({ code });
    }
  });

  it('says that a volume has been taken out of the store when its facts are asked for', async () => {
    const { facts } = await resolve({ mounts: [volume('data')] });
    expect(() => facts()).to.throw("no volume has the name 'data'");
    mkdirSync(runtime().store.volumeData('data'), { recursive: true });
    expect(facts().mounts.map(({ target }) => target)).to.deep.equal(['/data']);
  });
});
