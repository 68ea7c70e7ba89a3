import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type PreparedContainer, prepareContainer } from '../../../ts/containers/prepare.ts';
import { prepareForm } from '../../../ts/launch/prepared-start.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { inForm } from '../../../ts/plan/form.ts';
import { fillAll } from '../../../ts/plan/holes.ts';
import { buildApplication, buildWaiting } from '../../../ts/plan/waiting.ts';
import { formOf, processOfApplication, resolveApplication, usesOf } from '../../../ts/pool/application.ts';
import { type WaitingKind, waitingRequest } from '../../../ts/pool/waiting-container.ts';
import type { BindMount, MountSpec, RunRequest } from '../../../ts/request/types.ts';
import { mountsOf } from '../../../ts/resolve/facts.ts';
import type { ResolvedSource } from '../../../ts/resolve/sources.ts';
import { newId } from '../../../ts/store/id.ts';
import { image, withFakeRuntime } from '../../support/fake-runtime.ts';
import { readBack } from '../../support/prepared.ts';
import { request } from '../../support/records.ts';

describe('an application in a container that waits', () => {
  const { runtime, directory } = withFakeRuntime();

  const at = (name: string) => join(directory(), name);
  const bind = (source: string, target: string, readonly = false): BindMount => ({
    type: 'bind',
    source: at(source),
    target,
    attributes: readonly ? attribute.readonly : 0,
    recursive: true,
    propagation: 'rprivate',
  });
  const named = { type: 'volume', name: 'data', target: '/data', attributes: 0, nocopy: false } as const;

  const resolve = (changes: Partial<RunRequest> = {}) =>
    resolveApplication(runtime(), runtime().found.value, request(changes), undefined);

  async function waitingKind(defaults: Partial<RunRequest> = {}): Promise<WaitingKind> {
    const asked = waitingRequest(request(defaults));
    const prepared = await prepareContainer(runtime(), asked, { durability: 'ephemeral' });
    const plans = buildWaiting(factsOf(prepared));
    const [boot, prepare] = [plans.boot, plans.prepare].map((plan) => prepareForm(runtime().native, plan, {}));
    if (boot === undefined || prepare === undefined) throw new Error('the two plans of a container that waits');
    return { prepared, plans, boot, prepare };
  }

  const factsOf = ({ start }: PreparedContainer) =>
    inForm(start.facts, { strategy: 'opener', network: false, mounts: null });

  /** Of some container. */
  function own(): readonly string[] {
    const id = newId();
    return [id, id.slice(0, 12)];
  }

  it('finds plans there that are those which would be built for it alone', async () => {
    const kind = await waitingKind();
    for (const values of [own(), own()]) {
      const built = buildWaiting(fillAll(factsOf(kind.prepared), values));
      expect(kind.boot.planOf(values)).to.deep.equal(readBack(built.boot));
      expect(kind.prepare.planOf(values)).to.deep.equal(readBack(built.prepare));
    }
  });

  it('has the plan that would be built for its request alone', async () => {
    mkdirSync(at('a'));
    const kind = await waitingKind();
    const mounts: MountSpec[] = [bind('a', '/v', true), bind('a', '/v/below'), named];
    const application = await resolve({ mounts, user: '7:8', workdir: '/work' });
    const source: ResolvedSource = { path: '/store/data', device: 1n, inode: 2n, type: 'directory' };
    const volumes = new Map([['data', source]]);
    const command = { candidates: ['/bin/true'], argv: ['true'], env: ['A=b'] };
    const values = own();
    const { record } = kind.prepared.container;
    const whole = { ...record, request: { ...record.request, mounts }, volumes: usesOf(application) };
    const plans = buildWaiting(fillAll(factsOf(kind.prepared), values));
    const { argv, env } = command;
    const { cwd, uid, gid } = processOfApplication(application, { argv, env });
    const process = { ...plans.facts.process, ...command, cwd, uid, gid, groups: [gid] };
    const { sources } = application;
    expect([cwd, uid, gid]).to.deep.equal(['/work', 7, 8]);
    expect(formOf(runtime(), kind, application, volumes).planOf(values, command)).to.deep.equal(
      readBack(buildApplication(plans, { mounts: mountsOf(whole, { sources, volumes }), process })),
    );
  });

  it('has its plan prepared once for each kind of containers that wait', async () => {
    const [kind, other] = [await waitingKind(), await waitingKind({ readOnly: true })];
    const [one, second] = [await resolve(), await resolve({ workdir: '/work' })];
    const before = runtime().addon.given.length;
    const form = formOf(runtime(), kind, one, new Map());
    expect(formOf(runtime(), kind, one, new Map())).to.equal(form);
    const forms = [form, formOf(runtime(), kind, second, new Map()), formOf(runtime(), other, one, new Map())];
    expect(new Set(forms).size).to.equal(3);
    expect(runtime().addon.given.length - before).to.equal(3);
  });

  it('is removed after its exit by a batch of changes, unless it has an anonymous volume', async () => {
    const kind = await waitingKind();
    runtime().store.trash();
    await runtime().store.discard(at('none'));
    const [named, anonymous] = [true, false].map((has) => resolve({ mounts: [{ ...volume(has) }] }));
    const source: ResolvedSource = { path: '/store/data', device: 1n, inode: 2n, type: 'directory' };
    for (const [application, removes] of [
      [await resolve(), true],
      [await named, true],
      [await anonymous, false],
    ] as const) {
      if (application === undefined) throw new Error('no application');
      const volumes = new Map(application.needs.map(({ name }) => [name, source]));
      expect(formOf(runtime(), kind, application, volumes).removes).to.equal(removes);
    }
  });

  it('is removed by a batch of changes as soon as there is a trash, which the first request does not find yet', async () => {
    const kind = await waitingKind();
    const application = await resolve();
    const removes = () => formOf(runtime(), kind, application, new Map()).removes;
    expect(removes()).to.equal(false);
    await runtime().store.discard(at('none'));
    expect(removes()).to.equal(true);
  });

  const volume = (has: boolean) => ({ ...named, name: has ? 'data' : null });

  it('is found again by the next request, unless something of it may be another then', async () => {
    mkdirSync(at('a'));
    symlinkSync(at('a'), at('link'));
    const repeatable = async (...mounts: MountSpec[]) => (await resolve({ mounts })).repeatable;
    expect(await repeatable()).to.equal(true);
    expect(await repeatable(bind('a', '/a'), named)).to.equal(true);
    expect(await repeatable(bind('link', '/a'))).to.equal(false);
    expect(await repeatable(volume(false))).to.equal(false);
    runtime().found = { ...runtime().found, value: image({ id: 'host' }) };
    expect(await repeatable()).to.equal(false);
  });

  it('has no volume of the image, which the waiting container has already', async () => {
    const { value } = runtime().found;
    runtime().found = { ...runtime().found, value: image({ config: { ...value.config, volumes: ['/data'] } }) };
    expect((await resolve()).needs).to.deep.equal([]);
  });
});
