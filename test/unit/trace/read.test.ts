import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { readTrace } from '../../../ts/trace/read.ts';
import type { Trace } from '../../../ts/trace/types.ts';
import { sampleTrace } from '../../support/sample-trace.ts';

function refusal(text: string): RequestError {
  try {
    readTrace(text, 'start.json');
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was read');
}

const changed = (change: (trace: { traceEvents: Record<string, unknown>[] }) => void): string => {
  const trace = structuredClone(sampleTrace()) as Trace & { traceEvents: Record<string, unknown>[] };
  change(trace);
  return JSON.stringify(trace);
};

describe('reading a trace', () => {
  it('gives the steps from the call on, and when the application was there', () => {
    const trace = readTrace(JSON.stringify(sampleTrace()), 'start.json');
    expect(trace).to.include({ name: 'web', image: 'debian:trixie' });
    expect(trace.steps[0]).to.include({ phase: 'create', name: 'image', at: 0 });
    const exec = trace.steps.find(({ name }) => name === 'exec');
    expect(trace.started).to.equal((exec?.at ?? 0) + (exec?.took ?? 0));
    expect(trace.steps.at(-1)?.phase).to.equal('after');
    for (const [index, { at }] of trace.steps.slice(1).entries())
      expect(at).to.be.at.least(trace.steps[index]?.at ?? 0);
  });

  it('counts from the start where the caller paused after the making', () => {
    const events = [
      { name: 'image', cat: 'create', ph: 'X', ts: 1000, dur: 10, args: {} },
      { name: 'pause', cat: 'create', ph: 'X', ts: 1010, dur: 5e6, args: {} },
      { name: 'plan', cat: 'call', ph: 'X', ts: 5_001_010, dur: 10, args: {} },
    ];
    const text = JSON.stringify({ traceEvents: events, otherData: { producer: 'orlop', format: '1' } });
    const { steps, started } = readTrace(text, 'start.json');
    expect(steps.map(({ at }) => at)).to.deep.equal([-5_000_010, -5_000_000, 0]);
    expect(started).to.equal(null);
  });

  for (const [what, text, message] of [
    ['an empty file', ' \n', 'is no trace of a start: it is empty'],
    ['a file that is cut off', JSON.stringify(sampleTrace()).slice(0, 400), 'it is not JSON, or cut off'],
    ['other text', 'hello', 'it is not JSON, or cut off'],
    ['a number', '7', 'it is JSON, but has no traceEvents'],
    ['null', 'null', 'it is JSON, but has no traceEvents'],
    ['other JSON', '{"traceEvents": {}}', 'it is JSON, but has no traceEvents'],
    ['the trace of another program', '{"traceEvents": [{"name": "x", "ph": "X"}]}', 'another program wrote it'],
    ['a bare array of events', '[{"name": "x", "ph": "X", "ts": 1, "dur": 1}]', 'another program wrote it'],
    ['a later format', '{"traceEvents": [], "otherData": {"producer": "orlop", "format": "2"}}', 'another version'],
    ['no steps', '{"traceEvents": [null, 7], "otherData": {"producer": "orlop", "format": "1"}}', 'it has no steps'],
    ['a step without a time', changed(({ traceEvents }) => void delete traceEvents.at(-1)?.dur), 'has no time'],
    [
      'a time that is none',
      changed(({ traceEvents }) => Object.assign(traceEvents.at(-1) ?? {}, { ts: 'x' })),
      'no time',
    ],
    ['a step without a name', changed(({ traceEvents }) => void delete traceEvents.at(-1)?.name), 'has no name'],
    [
      'more steps than there can be',
      changed(({ traceEvents }) => traceEvents.push(...Array(5000).fill(traceEvents.at(-1)))),
      'it has 5',
    ],
  ] as const) {
    it(`refuses ${what}, and says why`, () => {
      const error = refusal(text);
      expect(error.code).to.equal('ORLOP_E_TRACE');
      expect(error.message).to.include(message).and.include("'start.json'");
      expect(error.hint).to.be.a('string');
    });
  }
});
