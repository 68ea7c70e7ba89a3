import { expect } from 'chai';
import * as v from 'valibot';
import { inspectContainer } from '../../../ts/api/inspect.ts';
import type { PreparedContainer } from '../../../ts/containers/prepare.ts';
import { PreparedContainers } from '../../../ts/containers/prepared-containers.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import type { ResolvedImage } from '../../../ts/images/types.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { type ContainerRecord, containerSchema, created } from '../../../ts/record/schema.ts';
import { defaultAttributes, type MountOption, mountOptions } from '../../../ts/request/mount-options.ts';
import { parseApplicationOptions, parseRunOptions } from '../../../ts/request/options.ts';
import { mountsOf, startFacts } from '../../../ts/resolve/facts.ts';
import { volumeNeeds } from '../../../ts/resolve/volume-needs.ts';
import { newId } from '../../../ts/store/id.ts';
import { record } from '../../support/records.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startContextOf } from '../../support/start-context.ts';

/** Not one that the kernel has. */
const bit = 0x4000_0000;
const table = mountOptions as Record<string, MountOption>;
const context = { cwd: '/', env: {}, kernel: () => '6.12', online: () => '0-3', seLinux: () => false };
const image = { layers: ['/store/layers/1/diff'], hidden: [] } as unknown as ResolvedImage;
const source = { path: '/real', device: 1n, inode: 2n, type: 'directory' } as const;

/** What the bytes of a plan say of its own mounts, in their order. */
function attributesIn(bytes: Uint8Array): number[] {
  return decodePlan(bytes).prepare.flatMap((op) => {
    if (op.op === 'attributes') return [op.set];
    return op.op === 'tmpfs' && (op.attributes & bit) !== 0 ? [op.attributes] : [];
  });
}

const written = (value: ContainerRecord): unknown => JSON.parse(JSON.stringify(value));

describe('a line in the table of mount options', () => {
  before(() => {
    table.novelty = { class: 'novelty', kinds: ['bind', 'volume', 'tmpfs'], sets: bit };
    table.tomorrow = { class: 'novelty', kinds: ['bind'], since: [7, 1] };
  });
  after(() => {
    delete table.novelty;
    delete table.tomorrow;
  });

  const options = { volumes: ['/host:/bind:novelty', 'data:/volume:ro,novelty'], tmpfs: ['/memory:novelty'] };

  /** As it is made by `orlop create`, and read from the disk again. */
  function recordOf(given: typeof options): ContainerRecord {
    const id = newId();
    const request = parseRunOptions('busybox', [], given, context);
    const volumes = volumeNeeds(request, emptyConfig, newId).map(({ nocopy: _, ...use }) => use);
    return v.parse(containerSchema(), written(record(id, { request, volumes }))) as ContainerRecord;
  }

  it('is all that an option needs to get from the command line to the executor', () => {
    const one = recordOf(options);
    const found = { sources: new Map([['/bind', source]]), volumes: new Map([['data', source]]) };
    const facts = startFacts(one, image, { ...startContextOf(one.id, one.hostname), ...found });
    expect(attributesIn(encodePlan(buildPlan(facts)).bytes)).to.deep.equal([
      bit | defaultAttributes.bind,
      bit | attribute.readonly | defaultAttributes.volume,
      bit | defaultAttributes.tmpfs,
    ]);
  });

  it('is shown by inspect', () => {
    const store = { volumeData: String, diffPath: String, workPath: String, mountPoint: String };
    const { Mounts, HostConfig } = inspectContainer(
      store,
      { record: recordOf(options), state: created, durability: 'durable' },
      '',
    );
    expect(Mounts.map(({ Mode, RW }) => ({ Mode, RW }))).to.deep.equal([
      { Mode: 'novelty', RW: true },
      { Mode: 'ro,novelty', RW: false },
    ]);
    expect(HostConfig.Binds).to.deep.equal(['/host:/bind:novelty']);
    expect(HostConfig.Tmpfs).to.deep.equal({ '/memory': 'novelty' });
  });

  it('makes a mount of a request to a pool another one', () => {
    const sets = ['/host:/bind', '/host:/bind:novelty', '/host:/bind'].map((volume) => {
      const { mounts } = parseApplicationOptions(['true'], { volumes: [volume] }, context);
      const one = record(newId());
      const asked = { ...one, request: { ...one.request, mounts } };
      return mountsOf(asked, { sources: new Map([['/bind', source]]), volumes: new Map() });
    });
    expect(sets.flat().map(({ attributes }) => attributes)).to.deep.equal(
      [0, bit, 0].map((own) => own | defaultAttributes.bind),
    );
  });

  it('keeps what is prepared for a request without it from one with it', () => {
    const prepared = new PreparedContainers();
    const requestOf = (volume: string) => parseRunOptions('i', [], { volumes: [volume] }, context);
    prepared.keep(requestOf('/host:/bind'), 'ephemeral', {} as PreparedContainer);
    expect(prepared.get(requestOf('/host:/bind'), 'ephemeral')).to.not.equal(undefined);
    expect(prepared.get(requestOf('/host:/bind:novelty'), 'ephemeral')).to.equal(undefined);
  });

  it('is in what a message offers, and has its conflict and its kernel', () => {
    const refused = (volume: string) => refusalOf(() => parseRunOptions('i', [], { volumes: [volume] }, context));
    expect(refused('/a:/b:nowelty').hint).to.equal(`did you mean 'novelty'?`);
    expect(refused('/a:/b:novelty,tomorrow').message).to.include(`both 'novelty' and 'tomorrow'`);
    expect(refused('/a:/b:tomorrow').code).to.equal('ORLOP_E_KERNEL');
    expect(refused('a:/b:tomorrow').message).to.include('which a volume does not take');
  });

  it('is never lost from a record: one that does not tell the attributes is damaged', () => {
    const whole = recordOf(options);
    const { mounts, tmpfs } = whole.request;
    const without = (list: readonly object[]) => list.map((one) => ({ ...one, attributes: undefined, readonly: true }));
    const damaged: unknown[] = [
      { ...whole, volumes: without(whole.volumes) },
      { ...whole, request: { ...whole.request, mounts: without(mounts) } },
      { ...whole, request: { ...whole.request, tmpfs: without(tmpfs) } },
      { ...whole, request: { ...whole.request, mounts: mounts.map((one) => ({ ...one, attributes: -1 })) } },
    ];
    expect(v.is(containerSchema(), written(whole))).to.equal(true);
    for (const one of damaged) expect(v.is(containerSchema(), written(one as ContainerRecord))).to.equal(false);
  });
});
