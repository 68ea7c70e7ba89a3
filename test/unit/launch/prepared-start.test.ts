import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import {
  type AfterExit,
  type Form,
  PreparedStart,
  prepareForm,
  type StartSource,
} from '../../../ts/launch/prepared-start.ts';
import type { Change } from '../../../ts/native/contract.ts';
import { buildPlan } from '../../../ts/plan/build.ts';
import { decodePlan } from '../../../ts/plan/decode.ts';
import { inForm } from '../../../ts/plan/form.ts';
import { format } from '../../../ts/plan/format.ts';
import { hole } from '../../../ts/plan/holes.ts';
import { makeFacts, makeProcess } from '../../support/facts.ts';
import { PreparingNative, readBack } from '../../support/prepared.ts';

const id = '0123456789ab'.padEnd(64, 'c');
const values = [id, id.slice(0, 12)];
const command = { candidates: ['/bin/true'], argv: ['true'], env: ['A=b'] };
const facts = makeFacts({
  id: hole.id,
  hostname: hole.shortId,
  process: makeProcess({ argv: [], candidates: [], env: [] }),
});
const running = { path: '/run/state.json', head: '{', tail: '}', durable: false };
const checks: readonly Change[] = [['share', '/run/lock']];

/** Nothing was prefetched. */
const plain: Form = { strategy: 'in-child', network: false, mounts: null, stagingDirectory: null, trash: null };

/** Another value for each field of a form. */
const changes: { readonly [Name in keyof Form]: Form[Name] } = {
  strategy: 'opener',
  network: true,
  mounts: ['mount:/'],
  stagingDirectory: '/staging/shelf',
  trash: '/staging/trash',
};

function source(parts: Partial<StartSource> = {}): StartSource & { readonly asked: () => number } {
  let asked = 0;
  return {
    facts: () => {
      asked++;
      return facts;
    },
    checks,
    created: ({ stagingDirectory, mounted }) => [['unlink', `${stagingDirectory} ${mounted}`]],
    running,
    afterExit: (trash) => ({ changes: [['rmdir', `${trash}`]], background: [['remove', `${trash}`]] }),
    mayHang: false,
    ...parts,
    asked: () => asked,
  };
}

describe('a prepared start', () => {
  it('is prepared in a form when it is first launched in that, and once', () => {
    const { native, given } = new PreparingNative();
    const from = source();
    const start = new PreparedStart(native, from);
    expect([given.length, from.asked()]).to.deep.equal([0, 0]);
    const first = start.form(plain);
    expect(start.form({ ...plain })).to.equal(first);
    start.form({ ...plain, network: true });
    expect(start.form(plain)).to.equal(first);
    expect([given.length, from.asked()]).to.deep.equal([2, 1]);
  });

  for (const [name, value] of Object.entries(changes)) {
    it(`has another form for another ${name}`, () => {
      const { native, given } = new PreparingNative();
      const start = new PreparedStart(native, source());
      const [one, other] = [start.form(plain), start.form({ ...plain, [name]: value })];
      expect(other).not.to.equal(one);
      expect(other.native).not.to.equal(one.native);
      expect(given).to.have.length(2);
      expect(given[0]).not.to.deep.equal(given[1]);
    });
  }

  it('has the plan of its form, with its holes and the features of the kernel', () => {
    const addon = new PreparingNative();
    const start = new PreparedStart(addon.native, source());
    for (const form of [plain, { ...plain, ...changes }]) {
      const made = start.form(form);
      const { plan, options } = addon.of(made.native);
      const built = buildPlan(inForm(facts, form));
      expect(decodePlan(plan).enter.map(({ op }) => op)).to.deep.equal(built.enter.map(({ op }) => op));
      expect(decodePlan(plan).strategy).to.equal(form.strategy);
      expect(options.holes?.length).to.be.greaterThan(0);
      expect(options.features).to.equal(0xff);
      const own = { ...facts, id, hostname: id.slice(0, 12), process: { ...facts.process, ...command } };
      expect(made.planOf(values, command)).to.deep.equal(readBack(buildPlan(inForm(own, form))));
    }
  });

  it('has the batches of changes around its launch, for the directories of its form', () => {
    const addon = new PreparingNative();
    const start = new PreparedStart(addon.native, source());
    const { options } = addon.of(start.form(plain).native);
    expect(options).to.deep.include({
      checks,
      running,
      created: [['unlink', 'null false']],
      ended: [['rmdir', 'null']],
      background: [['remove', 'null']],
    });
    const other = addon.of(start.form({ ...plain, ...changes }).native);
    expect(other.options).to.deep.include({
      checks,
      running,
      created: [['unlink', '/staging/shelf true']],
      ended: [['rmdir', '/staging/trash']],
      background: [['remove', '/staging/trash']],
    });
  });

  it('says whether a batch of changes removes its container after the exit', () => {
    const removal: AfterExit = { changes: [], background: [] };
    for (const afterExit of [null, removal]) {
      const addon = new PreparingNative();
      const form = new PreparedStart(addon.native, source({ afterExit: () => afterExit })).form(plain);
      expect(form.removes).to.equal(afterExit !== null);
      expect(addon.of(form.native).options.ended).to.deep.equal(afterExit?.changes);
      expect(addon.of(form.native).options.background).to.deep.equal(afterExit?.background);
    }
  });

  it('says whether a source may never answer', () => {
    const { native } = new PreparingNative();
    for (const mayHang of [true, false]) {
      expect(new PreparedStart(native, source({ mayHang })).mayHang).to.equal(mayHang);
    }
  });

  it('is refused where its plan is over the limits, again and again', () => {
    const { native, given } = new PreparingNative();
    const long = { ...facts, hostname: 'x'.repeat(format.maxSize) };
    const start = new PreparedStart(native, source({ facts: () => long }));
    for (let time = 0; time < 2; time++) expect(() => start.form(plain)).to.throw(RequestError, 'larger than');
    expect(given).to.deep.equal([]);
  });
});

describe('a plan that is handed to the addon', () => {
  it('has nothing around its launch but what it was given', () => {
    const addon = new PreparingNative();
    const form = prepareForm(addon.native, buildPlan(facts), {});
    const { options } = addon.of(form.native);
    for (const name of ['checks', 'created', 'running', 'ended', 'background'] as const) {
      expect(options[name], name).to.equal(undefined);
    }
    expect(form.removes).to.equal(false);
  });
});
