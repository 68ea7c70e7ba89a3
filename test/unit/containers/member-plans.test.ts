import { expect } from 'chai';
import { startFacts } from '../../../ts/containers/facts.ts';
import { MemberPlans } from '../../../ts/containers/pool/member-plans.ts';
import type { ContainerRecord } from '../../../ts/containers/record.ts';
import type { ResolvedImage } from '../../../ts/images/types.ts';
import { attribute } from '../../../ts/linux/mount-attributes.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { encodePlan } from '../../../ts/plan/encode.ts';
import type { EncodedPlan } from '../../../ts/plan/encoded.ts';
import { buildApplication, buildMember } from '../../../ts/plan/member.ts';
import type { RunRequest } from '../../../ts/request/types.ts';
import { newId } from '../../../ts/store/id.ts';
import { record } from '../../support/records.ts';
import { startContextOf } from '../../support/start-context.ts';

const image = { layers: ['/store/layers/1/diff'], hidden: [] } as unknown as ResolvedImage;
const source = { path: '/host/a', device: 1n, inode: 2n, type: 'directory' } as const;

/** A member like all others of the test. */
function member(changes: Partial<ContainerRecord> = {}) {
  const id = newId();
  const hostname = id.slice(0, 12);
  const context = { ...startContextOf(id, hostname), strategy: 'opener' } as const;
  const waiting = record(id, { hostname, ...changes });
  return { waiting, context, built: buildMember(startFacts(waiting, image, context)) };
}

function request({ waiting }: { waiting: ContainerRecord }, argv: string[], volumes: ContainerRecord['volumes'] = []) {
  const process = { argv, env: [`HOSTNAME=${waiting.hostname}`], cwd: '/', uid: 0, gid: 0, groups: [] };
  return { process, mounts: [], volumes };
}

function expectBytes(made: EncodedPlan, plan: Parameters<typeof encodePlan>[0]): void {
  expect(Buffer.from(made.bytes)).to.deep.equal(Buffer.from(encodePlan(plan)));
  expect(made.plan).to.deep.equal(plan);
}

/** The same plan, whatever the order of its texts. */
function expectPlan(made: EncodedPlan, plan: Parameters<typeof encodePlan>[0]): void {
  expect(decodePlan(made.bytes)).to.deep.equal(decodePlan(encodePlan(plan)));
  expect(made.plan).to.deep.equal(plan);
}

describe('the plans of members of a pool', () => {
  it('are those that would be built for each', () => {
    for (let round = 0; round < 3; round++) {
      const { waiting, context, built } = member();
      const plans = new MemberPlans(waiting, image, context);
      expectBytes(plans.prepare, built.prepare);
      expectBytes(plans.boot, built.boot);
    }
  });

  it('are followed by that of the request', () => {
    const volume = { name: 'data', target: '/etc', attributes: 0, anonymous: false, reason: 'volume data' };
    const requests = [['true'], ['false'], ['true']] as const;
    for (const volumes of [[], [volume]]) {
      for (const argv of requests) {
        const one = member();
        const own = request(one, [...argv], volumes);
        const found = { sources: new Map(), volumes: new Map([['data', source]]) };
        const made = new MemberPlans(one.waiting, image, one.context).application(own, found);
        expectPlan(
          made,
          buildApplication(one.built, startFacts({ ...one.waiting, ...own }, image, { ...one.context, ...found })),
        );
      }
    }
  });

  it('have a part that is known before the process: what an opener does for its bind mounts', () => {
    const mounts: RunRequest['mounts'] = [
      {
        type: 'bind',
        source: '/host/a',
        target: '/v',
        attributes: attribute.readonly,
        recursive: true,
        propagation: 'rprivate',
      },
      {
        type: 'bind',
        source: '/host/a',
        target: '/v/below',
        attributes: 0,
        recursive: false,
        propagation: 'private',
      },
    ];
    // The same list each time, as of a program that asks for the same again; what stands there changes.
    for (const inode of [2n, 2n, 3n]) {
      const one = member();
      const found = {
        sources: new Map(mounts.map(({ target }) => [target, { ...source, inode }])),
        volumes: new Map(),
      };
      const plans = new MemberPlans(one.waiting, image, one.context);
      const part = decodePlan(plans.volumes(mounts, found.sources) ?? new Uint8Array());
      const whole = decodePlan(plans.application({ ...request(one, ['true']), mounts }, found).bytes);
      expect(part).to.deep.equal({ ...whole, enter: [] });
      expect(part.prepare.map(({ op }) => op)).to.include.members(['bind', 'join', 'attach']);
      expect(part.prepare.find(({ op }) => op === 'bind')).to.include({ inode });
    }
  });

  it('have no such part where it depends on the process, or there is nothing to open', () => {
    const bind = {
      type: 'bind',
      source: '/host/a',
      target: '/v',
      attributes: 0,
      recursive: true,
      propagation: 'rprivate',
    } as const;
    const volume = { type: 'volume', name: 'data', target: '/w', attributes: 0, nocopy: false } as const;
    const sources = new Map([['/v', source]]);
    const waiting = member();
    const readOnly = member({ request: { ...waiting.waiting.request, readOnly: true } });
    const plansOf = (one: ReturnType<typeof member>) => new MemberPlans(one.waiting, image, one.context);
    expect(plansOf(waiting).volumes([bind], sources)).to.be.instanceOf(Uint8Array);
    expect(plansOf(waiting).volumes([], sources)).to.equal(null);
    expect(plansOf(waiting).volumes([bind, volume], sources)).to.equal(null);
    expect(plansOf(readOnly).volumes([bind], sources)).to.equal(null);
  });

  it('differ where a volume has a name of its own', () => {
    const volume = { name: newId(), target: '/v', attributes: 0, anonymous: true, reason: 'anonymous volume' };
    const one = member({ volumes: [volume] });
    expectBytes(new MemberPlans(one.waiting, image, one.context).prepare, one.built.prepare);
  });
});
