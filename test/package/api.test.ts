import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

describe('the API reference', function () {
  this.timeout(300_000);
  let directory = '';
  before(() => {
    directory = mkdtempSync('/var/tmp/orlop-api-');
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  // It fails where a public name has no doc comment: validation.notDocumented in scripts/api-docs/typedoc.json.
  it('is what npm run docs makes of the doc comments, and each public name has one', () => {
    execFileSync('bash', ['scripts/docs', directory], { stdio: 'pipe' });
    expect(readdirSync('docs/api')).to.deep.equal(readdirSync(directory));
    for (const name of readdirSync(directory)) {
      expect(readFileSync(join('docs/api', name), 'utf8'), name).to.equal(readFileSync(join(directory, name), 'utf8'));
    }
  });

  it('describes each name that the library exports', async () => {
    const page = readFileSync('docs/api/README.md', 'utf8');
    const names = Object.keys(await import('../../ts/index.ts'));
    expect(names).to.include.members(['Orlop', 'RequestError', 'LaunchError']);
    // What a parameter is called that has no name.
    expect(page).to.not.include('__namedParameters');
    for (const name of names) expect(page).to.match(new RegExp(`^#+ ${name}$`, 'm'));
  });
});
