import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { chmod, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import * as v from 'valibot';
import { RequestError } from '../../../ts/errors/index.ts';
import { collect, readRecord, readRecordSync, recordSchema, writeRecord } from '../../../ts/store/record.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const schema = recordSchema(() => v.object({ name: v.string(), labels: v.record(v.string(), v.string()) }));

async function refusal(promise: Promise<unknown>): Promise<RequestError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RequestError)) throw new Error(`not refused: ${error}`);
  return error;
}

describe('records', () => {
  const directory = temporaryDirectory();
  const file = (name: string): string => join(directory(), name);

  it('come back as they were written, with a version and nothing left beside them', async () => {
    await writeRecord(file('a.json'), { name: 'a', labels: { x: 'y' } }, { durable: true });
    await writeRecord(file('a.json'), { name: 'b', labels: {} }, { durable: false });
    expect(await readRecord(file('a.json'), schema)).to.deep.equal({ name: 'b', labels: {} });
    expect(JSON.parse(await readFile(file('a.json'), 'utf8'))).to.have.property('version', 1);
    expect((await readdir(directory())).filter((name) => name.startsWith('a.json'))).to.deep.equal(['a.json']);
  });

  it('are null where there is none', async () => {
    expect(await readRecord(file('none.json'), schema)).to.equal(null);
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['cut off', '{"version":1,"name":', /it is not JSON/],
    ['empty', '', /it is not JSON/],
    ['without a version', '{"name":"a","labels":{}}', /it has no version/],
    ['of a version that never was', '{"version":0,"name":"a","labels":{}}', /version 0, this orlop reads version 1/],
    ['of a later version', '{"version":2,"name":"a","labels":{}}', /version 2, this orlop reads version 1/],
    ['of another shape', '{"version":1,"name":5,"labels":{}}', /name: .*string/],
    ['not an object', '[]', /it has no version/],
  ];
  for (const [what, text, message] of bad) {
    it(`that are ${what} are refused with the file's name`, async () => {
      await writeFile(file('bad.json'), text);
      const error = await refusal(readRecord(file('bad.json'), schema));
      expect(error.code).to.equal('ORLOP_E_DAMAGED');
      expect(error.message).to.match(message).and.include(file('bad.json'));
      expect(error.hint).to.be.a('string');
    });
  }

  it('that are symlinks, directories or too large are refused without being read', async () => {
    await symlink('/etc/passwd', file('link.json'));
    expect((await refusal(readRecord(file('link.json'), schema))).message).to.match(/it is a symlink/);
    expect((await refusal(readRecord(directory(), schema))).message).to.match(/not a regular file/);
    await writeFile(file('large.json'), '{');
    await truncate(file('large.json'), 4 * 1024 * 1024 + 1);
    expect((await refusal(readRecord(file('large.json'), schema))).message).to.match(/4194305 bytes/);
  });

  it('that are pipes are refused, without a wait for who writes to them and without taking what was written', async () => {
    const path = file('pipe.json');
    execFileSync('mkfifo', [path]);
    // In a process of its own, which can be ended where it waits.
    const read = `
      import { readRecord, readRecordSync } from './ts/store/record.ts';
      const path = ${JSON.stringify(path)};
      console.log(await readRecord(path).catch(({ message }) => message), readRecordSync(path));`;
    const argv = ['--import=tsx', '--input-type=module', '-e', read];
    const alone = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
    expect(alone.stdout, alone.stderr).to.match(/not a regular file null\n$/);
    const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(both, 'written');
    expect(readRecordSync(path, schema)).to.equal(null);
    expect((await refusal(readRecord(path, schema))).message).to.match(/not a regular file/);
    const left = Buffer.alloc(7);
    readSync(both, left);
    expect(left.toString()).to.equal('written');
    closeSync(both);
  });

  it('are read at once where they are small, and left to the other way where they cannot be', async () => {
    const write = (name: string) => writeRecord(file('at-once.json'), { name, labels: {} }, { durable: false });
    const read = (name: string) => readRecordSync(file(name), schema);
    await write('a');
    expect(read('at-once.json')).to.deep.equal({ name: 'a', labels: {} });
    await symlink('at-once.json', file('link-to-it.json'));
    for (const name of ['link-to-it.json', 'none.json', '.']) expect(read(name), name).to.equal(null);
    await write('n'.repeat(64 * 1024));
    expect(read('at-once.json')).to.equal(null);
    await writeFile(file('at-once.json'), '{"version":0,"name":"a","labels":{}}');
    expect(read('at-once.json')).to.equal(null);
  });

  it('keep no property that JSON smuggles into prototypes', async () => {
    const text = '{"version":1,"name":"a","labels":{"__proto__":"x","k":"v"},"__proto__":{"evil":1}}';
    await writeFile(file('proto.json'), text);
    const value = await readRecord(file('proto.json'), schema);
    expect(value).to.deep.equal({ name: 'a', labels: { k: 'v' } });
    expect(value).not.to.have.property('evil');
  });

  it('leave the old one in place when the new one cannot be written', async () => {
    await writeRecord(file('keep.json'), { name: 'old', labels: {} }, { durable: true });
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await writeRecord(file('keep.json'), circular, { durable: true }).then(
      () => expect.fail('written'),
      () => {},
    );
    expect(await readRecord(file('keep.json'), schema)).to.deep.equal({ name: 'old', labels: {} });
    expect((await readdir(directory())).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('are refused where they would be too long to be read, and the old one stays', async () => {
    await writeRecord(file('long.json'), { name: 'old', labels: {} }, { durable: true });
    const long = writeRecord(file('long.json'), { name: 'ä'.repeat(2 << 20), labels: {} }, { durable: true });
    expect((await refusal(long)).code).to.equal('ORLOP_E_INPUT');
    expect(await readRecord(file('long.json'), schema)).to.deep.equal({ name: 'old', labels: {} });
    const name = 'ä'.repeat((2 << 20) - 100);
    await writeRecord(file('long.json'), { name, labels: {} }, { durable: true });
    expect((await readRecord(file('long.json'), schema))?.name).to.equal(name);
  });

  it('are listed with the damaged ones apart', async () => {
    await writeRecord(file('good.json'), { name: 'good', labels: {} }, { durable: false });
    await writeFile(file('worse.json'), 'x');
    await chmod(file('worse.json'), 0o600);
    const { found, damaged } = await collect(['good', 'worse', 'gone'], (id) => readRecord(file(`${id}.json`), schema));
    expect(found.map((one) => one.name)).to.deep.equal(['good']);
    expect(damaged.map((one) => one.id)).to.deep.equal(['worse']);
  });
});
