import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { makeArchive, makeTree } from '../../../bench/ground/image.ts';
import { compilePrograms } from '../../../bench/ground/programs.ts';
import { Orlop } from '../../../ts/index.ts';
import { defaultCapabilities } from '../../../ts/plan/defaults.ts';
import { defaultFilter } from '../../../ts/plan/seccomp/filter.ts';
import { requires } from '../../support/require.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** An application that shows how it was started; the first line is for the limit program, which wants a time. */
const program = `
#include <fcntl.h>
#include <unistd.h>
static char buffer[1 << 16];
static void show(const char* path) {
  const int file = open(path, O_RDONLY);
  for (long n; (n = read(file, buffer, sizeof buffer)) > 0;) (void)!write(2, buffer, n);
}
int main(void) {
  show("/proc/self/mountinfo");
  show("/proc/self/status");
  (void)!write(1, "1\\n", 2);
  return 0;
}
`;

/** What of it has to be the same: each mount with its type and whether it is read-only, and the process's rights. */
function facts(shown: string): string[] {
  const lines = shown.split('\n');
  const mounts = lines.flatMap((line) => {
    const [, , , , target, options, ...rest] = line.split(' ');
    const separator = rest.indexOf('-');
    if (separator < 0 || options === undefined) return [];
    return [`${target} ${rest[separator + 1]} ${options.startsWith('ro') ? 'read-only' : 'writable'}`];
  });
  const rights = lines.filter((line) =>
    /^(Cap|Seccomp:|NoNewPrivs|Uid|Gid|Groups|NSpid|NSsid|Sig(Ign|Blk))/.test(line),
  );
  return [...mounts, ...rights];
}

function machineFor(test: string) {
  const program_ = join(test, 'show.c');
  const [tree, archive, shown] = [join(test, 'tree'), join(test, 'image.tar'), join(test, 'show')];
  const [source, scratch, filter] = [join(test, 'source'), join(test, 'scratch'), join(test, 'filter')];
  for (const path of [source, scratch]) mkdirSync(path);
  writeFileSync(program_, program);
  execFileSync('cc', ['-O1', '-static', '-o', shown, program_]);
  makeTree(tree, shown);
  makeArchive(tree, archive);
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  writeFileSync(filter, defaultFilter({ arch, capabilities: defaultCapabilities }));
  return { tree, archive, source, scratch, filter };
}

describe('the limit of the benchmark', () => {
  requires('privilege', 'addon', 'archive');
  const directory = temporaryDirectory();

  for (const network of ['none', 'host']) {
    it(`makes the same container as orlop does by default, with network ${network}`, async () => {
      const { tree, archive, source, scratch, filter } = machineFor(directory());
      const { limit } = compilePrograms('bench', directory());
      await using orlop = await Orlop.open({ root: join(directory(), 'root'), run: join(directory(), 'run') });
      await orlop.images.import(archive, { reference: 'show' });
      const { stderr } = await orlop.run('show', ['/bin/first'], { volumes: [`${source}:/v/1`], network });

      const options = ['--full', '--seccomp', filter, '--once', ...(network === 'none' ? ['--network'] : [])];
      const place = ['--scratch', scratch, '--layer', tree, '--source', source, '--volumes', '1'];
      const limited = execFileSync('sh', ['-c', 'exec "$@" 2>&1', 'sh', limit, ...place, ...options], {
        encoding: 'utf8',
      });

      expect(facts(limited)).to.have.members(facts(stderr)).and.to.have.length.greaterThan(25);
    });
  }

  it('answers many starts with the containers, the time, and the time of processors', () => {
    const { limit, first } = compilePrograms('bench', directory());
    const [tree, source, scratch] = [
      join(directory(), 'tree'),
      join(directory(), 'source'),
      join(directory(), 'scratch'),
    ];
    for (const path of [source, scratch]) mkdirSync(path);
    makeTree(tree, first);
    const options = ['--scratch', scratch, '--layer', tree, '--source', source, '--volumes', '1'];
    const answers = execFileSync(limit, options, {
      input: 'burst 5 2\nthroughput 1 50\nburst 3 8\n',
      encoding: 'utf8',
    });
    const numbers = answers
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    const [five, some, three] = numbers.map(([count]) => count);
    expect([five, three]).to.deep.equal([5, 3]);
    expect(some).to.be.at.least(1);
    for (const [, took, spent] of numbers) {
      expect(took).to.be.above(0);
      expect(spent).to.be.above(0);
    }
    expect(readdirSync(scratch)).to.deep.equal([]);
  });
});
