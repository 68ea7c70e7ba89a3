import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadNative } from '../../ts/native/binding.ts';
import { type LaunchOptions, type NativeTemplate, supply } from '../../ts/native/contract.ts';
import { encodePlan } from '../../ts/plan/encode.ts';
import { requires } from '../support/require.ts';
import { plainPlan, started } from '../support/starts.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { nothingToRead, nothingToWrite, pipeFromApplication } = supply;

/** Blanks, the longer of two that begin alike first; the values of the first are as long as it. */
const blanks = ['blank-0000', 'blank', 'other'];
const values = (id: string, more = 'a longer one', other = 'x') => [`value-${id}`, more, other];

describe('a template of launches', () => {
  requires('addon', 'root');
  const directory = temporaryDirectory();
  const at = (...names: string[]) => join(directory(), ...names);
  const native = loadNative;

  const planOf = (script: string, supplied: readonly ('stdin' | 'stdout' | 'stderr' | 'network')[]) => {
    const stdio = { op: 'stdio', in: 0, out: 1, err: 2, scratch: null } as const;
    return encodePlan(plainPlan({ argv: ['/bin/sh', '-c', script], supplied, steps: [stdio] }));
  };

  function options(changes: Partial<LaunchOptions> = {}): LaunchOptions {
    return {
      descriptors: [nothingToRead, pipeFromApplication, nothingToWrite],
      features: native().features(),
      before: [['write', at('before-blank-0000'), 'blank and blank-0000', 0o600]],
      record: { path: at('state-blank-0000'), head: '{"id":"blank-0000",', tail: ',"more":"blank other"}' },
      finish: {
        collect: true,
        quiet: true,
        limit: 1000,
        changes: [['write', at('end-blank-0000'), 'other', 0o600]],
        later: [],
      },
      ...changes,
    };
  }

  const template = (script = 'echo blank-0000', changes: Partial<LaunchOptions> = {}) =>
    native().launchTemplate(planOf(script, ['stdin', 'stdout', 'stderr']), options(changes), blanks);

  it('puts a value into the place of each blank, in all that is said', async () => {
    const made = template();
    for (const id of ['1111', '2222']) {
      const result = await native().launchLike(made, values(id), [], {});
      const end = await result.ended;
      expect(end?.outputs[0]?.toString()).to.equal(`value-${id}\n`);
      expect([end?.exit.code, end?.failure]).to.deep.equal([0, null]);
      const { pid, startTime } = started(result);
      const more = 'a longer one x';
      const text = (name: string) => readFileSync(at(`${name}-value-${id}`), 'utf8');
      expect(text('before')).to.equal(`a longer one and value-${id}`);
      expect(JSON.parse(text('state'))).to.deep.equal({ id: `value-${id}`, pid, startTime, more });
      expect(text('end')).to.equal('x');
    }
  });

  it('is of many launches at once', async () => {
    const made = template();
    const ids = Array.from({ length: 40 }, (_, index) => String(5000 + index));
    const all = await Promise.all(
      ids.map(async (id) => {
        const { ended } = await native().launchLike(made, values(id), [], {});
        return (await ended)?.outputs[0]?.toString();
      }),
    );
    expect(all).to.deep.equal(ids.map((id) => `value-${id}\n`));
  });

  it('makes nothing, and starts nothing, behind a change that cannot be made', async () => {
    const made = template('true', {
      before: [
        ['same', at('blank-0000'), '1 2 3 4'],
        ['mkdir', at('made-blank-0000'), 0o700],
      ],
    });
    const error = await native()
      .launchLike(made, values('3333'), [], {})
      .catch((e: unknown) => e);
    expect(error).to.include({ code: 'ENOENT', syscall: 'stat', path: at('value-3333') });
    expect(existsSync(at('made-value-3333'))).to.equal(false);
  });

  it('can be cancelled while the application runs', async () => {
    const made = template(`: > ${at('runs-blank-0000')}; exec sleep 1000`);
    const token = {};
    const launched = native().launchLike(made, values('4444'), [], token);
    while (!existsSync(at('runs-value-4444'))) await new Promise((resolve) => setImmediate(resolve));
    native().cancel(token);
    const { ended } = await launched;
    expect((await ended)?.exit).to.deep.equal({ code: null, signal: 9 });
  });

  it('takes descriptors that the addon gave', async () => {
    const plan = planOf('true', ['stdin', 'stdout', 'stderr', 'network']);
    const made = native().launchTemplate(plan, options(), blanks);
    const [read, write] = native().pipe();
    native().closeSync(write);
    const { ended } = await native().launchLike(made, values('6666'), [read], {});
    expect((await ended)?.exit.code).to.equal(0);
    const [again, other] = native().pipe();
    native().closeSync(other);
    const error = await native()
      .launchLike(template(), values('6666'), [again], {})
      .catch((e: unknown) => e);
    expect(error).to.be.instanceOf(TypeError);
  });

  it('is refused where it is none', async () => {
    const plan = planOf('true', ['stdin', 'stdout', 'stderr']);
    const wrong: [unknown, object, unknown][] = [
      [new Uint8Array(4), options(), blanks],
      [plan, options({ descriptors: [0, 1, 2] }), blanks],
      [plan, options({ record: undefined }), blanks],
      [plan, options({ finish: undefined }), blanks],
      [plan, options({ before: undefined }), blanks],
      [plan, options(), ['']],
      [plan, options(), 'blank'],
    ];
    for (const [bytes, given, texts] of wrong) {
      const make = () => native().launchTemplate(bytes as Uint8Array, given as LaunchOptions, texts as string[]);
      expect(make).to.throw(TypeError);
    }
    const refused = [
      [{}, values('7777')],
      [template(), values('7777').slice(1)],
      [template(), ['short', 'b', 'c']],
      [template(), ['value-77\0 7', 'b', 'c']],
    ] as const;
    for (const [made, texts] of refused) {
      const error = await native()
        .launchLike(made as NativeTemplate, texts, [], {})
        .catch((e: unknown) => e);
      expect(error).to.be.instanceOf(TypeError);
    }
  });
});
