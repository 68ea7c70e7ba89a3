import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { requires } from '../support/require.ts';
import { samplePlan } from '../support/sample-plan.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const seconds = Number(process.env.ORLOP_FUZZ_SECONDS ?? '10');
/** Inputs that were found to break the reader stay here. */
const findings = 'build-tests/findings';

describe('the plan reader, searched by libFuzzer', function () {
  this.timeout(seconds * 1000 + 300_000);
  requires('clang');
  const folder = temporaryDirectory();

  it(`is not broken by any input that is found in ${seconds} s`, () => {
    execFileSync('bash', ['scripts/build-native-tests', 'live'], { stdio: 'inherit' });
    const corpus = join(folder(), 'corpus');
    for (const path of [corpus, findings]) mkdirSync(path, { recursive: true });
    writeFileSync(join(corpus, 'sample'), samplePlan());
    const before = new Set(readdirSync(findings));
    const options = [`-max_total_time=${seconds}`, '-max_len=16384', '-timeout=20', `-artifact_prefix=${findings}/`];
    const run = spawnSync('build-tests/fuzz-plan-live', [...options, corpus], { encoding: 'utf8' });
    const found = readdirSync(findings)
      .filter((name) => !before.has(name))
      .map((name) => `${join(findings, name)}: ${readFileSync(join(findings, name)).toString('base64')}`);
    expect(found, run.stderr.slice(-6000)).to.deep.equal([]);
    expect(run.status, run.stderr.slice(-6000)).to.equal(0);
    // It went past the header, whose magic number nobody guesses.
    const done = /^Done (\d+) runs/m.exec(run.stderr)?.[1];
    expect(Number(done)).to.be.greaterThan(1000);
    expect(readdirSync(corpus).length).to.be.greaterThan(5);
  });
});
