import { expect } from 'chai';
import { etcFiles } from '../../../ts/containers/etc-files.ts';
import { type StartContext, startFacts } from '../../../ts/containers/facts.ts';
import type { ContainerRecord } from '../../../ts/containers/record.ts';
import { isSameStart } from '../../../ts/containers/same-start.ts';
import { likeness, startPlan } from '../../../ts/containers/start-plan.ts';
import type { ResolvedImage } from '../../../ts/images/types.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import { newId } from '../../../ts/store/id.ts';
import { record, request } from '../../support/records.ts';
import { startContextOf } from '../../support/start-context.ts';

const image: ResolvedImage = {
  id: `sha256:${'1'.repeat(64)}`,
  reference: 'busybox:latest',
  config: {
    env: [],
    entrypoint: [],
    cmd: [],
    workingDir: '',
    user: '',
    volumes: [],
    labels: {},
    stopSignal: '',
    exposedPorts: [],
  },
  layers: [`/store/layers/${'2'.repeat(64)}/diff`],
  diffIds: [],
  chainId: null,
  generation: 0,
  hidden: [],
};

/** A container like all others of the test, and the context of its start. */
function start(changes: Partial<ContainerRecord> = {}, more: Partial<StartContext> = {}) {
  const id = newId();
  const hostname = id.slice(0, 12);
  const process = { argv: ['true'], env: [`HOSTNAME=${hostname}`], cwd: '/', uid: 0, gid: 0, groups: [] };
  const context: StartContext = { ...startContextOf(id, hostname), ...more };
  return { record: record(id, { process, hostname, ...changes }), context };
}

const directory = { path: '/host/a', device: 1n, inode: 2n, type: 'directory' } as const;

describe('the plan of a start', () => {
  it('is the one that would be built for it, also when it is the second of its kind', () => {
    for (let round = 0; round < 3; round++) {
      const { record, context } = start();
      const { bytes, plan } = startPlan(record, image, context);
      const built = buildPlan(startFacts(record, image, context));
      expect(plan).to.deep.equal(built);
      expect(Buffer.from(bytes)).to.deep.equal(Buffer.from(encodePlan(built)));
    }
  });

  it('is like that of another container of the same request', () => {
    const [one, other] = [start(), start()];
    expect(likeness(one.record, image, one.context)).to.equal(likeness(other.record, image, other.context));
  });

  it('has all of its request in it, and all that was found for it', () => {
    const usual = start();
    const volume = { name: 'data', target: '/data', attributes: 0, anonymous: false, reason: 'volume data' };
    const differing = [
      start({ request: request({ readOnly: true }) }),
      start({ process: { ...usual.record.process, argv: ['false'] } }),
      start({ hostname: 'box' }),
      start({ volumes: [volume] }),
      start({}, { sources: new Map([['/a', directory]]) }),
      start({}, { sources: new Map([['/a', { ...directory, inode: 3n }]]) }),
      start({}, { volumes: new Map([['a', directory]]) }),
      start({}, { files: etcFiles('box', 'none') }),
      start({}, { seccomp: new Uint8Array(8) }),
      start({}, { seccomp: null }),
      start({}, { hardNofile: 2048n }),
      start({}, { volatile: false }),
      start({}, { maskedPaths: ['/sys/x'] }),
      start({}, { gate: true }),
    ];
    const keys = [usual, ...differing].map(({ record, context }) => likeness(record, image, context));
    const others = [
      { ...image, layers: ['/store/layers/3/diff', ...image.layers] },
      { ...image, hidden: [{ target: '/root', mode: 0o700 }] },
    ];
    for (const other of others) keys.push(likeness(usual.record, other, usual.context));
    expect(new Set(keys).size).to.equal(keys.length);
  });

  it('is taken for that of the start before only where nothing but the ID is another', () => {
    const [same, maskedPaths] = [request(), []];
    const startOf = (changes: Partial<ContainerRecord> = {}, more: Partial<StartContext> = {}) => {
      const { record, context } = start({ request: same, ...changes }, more);
      return { record, image, context: { ...context, seccomp: null, maskedPaths, ...more } };
    };
    const usual = startOf();
    const { process } = usual.record;
    const use = { name: 'data', target: '/data', attributes: 0, anonymous: false, reason: 'volume data' };
    const withSource = startOf({}, { sources: new Map([['/a', directory]]) });
    const alike = [
      [usual, startOf()],
      [withSource, startOf({}, { sources: new Map([['/a', { ...directory }]]) })],
      [startOf({ hostname: 'box' }), startOf({ hostname: 'box' })],
    ] as const;
    for (const [one, other] of alike) expect(isSameStart(one, other)).to.equal(true);
    const differing = [
      startOf({ request: request() }),
      { ...startOf(), image: { ...image } },
      startOf({ process: { ...process, argv: ['false'] } }),
      startOf({ process: { ...process, env: ['HOSTNAME=box'] } }),
      startOf({ process: { ...process, env: [...process.env, 'A=b'] } }),
      startOf({ process: { ...process, cwd: '/tmp' } }),
      startOf({ process: { ...process, uid: 1 } }),
      startOf({ process: { ...process, gid: 1 } }),
      startOf({ process: { ...process, groups: [1] } }),
      startOf({ hostname: 'box' }),
      startOf({ volumes: [use] }),
      withSource,
      startOf({}, { sources: new Map([['/b', directory]]) }),
      startOf({}, { volumes: new Map([['a', directory]]) }),
      startOf({}, { files: etcFiles('box', 'none') }),
      startOf({}, { files: etcFiles(usual.record.hostname, 'host') }),
      startOf({}, { seccomp: new Uint8Array(8) }),
      startOf({}, { hardNofile: 2048n }),
      startOf({}, { volatile: false }),
      startOf({}, { maskedPaths: ['/sys/x'] }),
      startOf({}, { gate: true }),
      startOf({}, { strategy: 'opener' }),
      startOf({}, { networkReady: true }),
      startOf({}, { treesReady: ['tree:root'] }),
      startOf({}, { paths: { ...usual.context.paths, upper: '/elsewhere' } }),
    ];
    for (const other of differing) expect(isSameStart(usual, other)).to.equal(false);
    expect(isSameStart(withSource, startOf({}, { sources: new Map([['/b', directory]]) }))).to.equal(false);
    const replaced = startOf({}, { sources: new Map([['/a', { ...directory, inode: 3n }]]) });
    expect(isSameStart(withSource, replaced)).to.equal(false);
  });
});
