import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { busyboxArchive } from '../../support/busybox.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** Evaluates the library in a context of its own, as Jest and Vitest's vmThreads do, and runs containers with it. */
const program = (root: string, archive: string): string => `
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
const given = { process, Buffer, URL, AbortController, AbortSignal, TextDecoder, TextEncoder, setTimeout, clearTimeout,
  setImmediate, performance, structuredClone, queueMicrotask };
const context = vm.createContext(given);
const file = ${JSON.stringify(resolve('dist/index.js'))};
const options = { context, identifier: file, initializeImportMeta: (meta) => { meta.url = 'file://' + file; },
  importModuleDynamically: link };
async function link(name) {
  const found = await import(name);
  const module = new vm.SyntheticModule(Object.keys(found), function () {
    for (const [key, value] of Object.entries(found)) this.setExport(key, value);
  }, { context });
  if (module.status === 'unlinked') await module.link(() => {});
  await module.evaluate();
  return module;
}
const library = new vm.SourceTextModule(readFileSync(file, 'utf8'), options);
await library.link(link);
await library.evaluate();
const { Orlop, RequestError } = library.namespace;
const orlop = await Orlop.open({ root: ${JSON.stringify(root)} });
const asked = { volumes: ['/test', 'data:/data'], input: Buffer.from('hi') };
const { stdout } = await orlop.run('host', ['sh', '-c', 'cat > /test/f; cat /test/f'], asked);
const refused = await orlop.run('host', ['true'], { volumes: ['/nonexistent:/test'] }).catch((error) => error);
const missing = await orlop.container('none').catch((error) => error);
const pool = await orlop.pool('host', { size: 1 });
const again = await pool.run(['echo', 'ho']);
await pool.close();
const named = [];
for (const mark of ['one', 'two']) {
  await orlop.images.import(${JSON.stringify(archive)}, { reference: 'named', changes: ['ENV MARK=' + mark] });
  named.push((await orlop.run('named', ['sh', '-c', 'echo $MARK'])).stdout);
}
await orlop.close();
const own = vm.runInContext('Error', context) !== Error && refused instanceof RequestError;
console.log(JSON.stringify([stdout, refused.code, missing.code, again.stdout, named, own]));
`;

describe('the library in another context of V8 than Node is in', () => {
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox', 'cli');
  const directory = temporaryDirectory();

  it('knows the errors and disposables of Node, which are not of its own classes', () => {
    const script = join(directory(), 'context.mjs');
    writeFileSync(script, program(join(directory(), 'store'), busyboxArchive(directory())));
    const args = ['--experimental-vm-modules', '--no-warnings', script];
    const said = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
    expect(said).to.deep.equal(['hi', 'ORLOP_E_SOURCE', 'ORLOP_E_NO_CONTAINER', 'ho\n', ['one\n', 'two\n'], true]);
  });
});
