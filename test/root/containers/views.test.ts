import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Orlop, type OrlopRuntime, type RunInput, type RunOptions, type RunResult } from '../../../ts/index.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';
import { until } from '../../support/temporary.ts';

/**
 * All that an application can find out about its surroundings and about what it was started with. A shell blocks signals
 * while it forks, and its child may be quicker than it: the status is read by the program that takes its place.
 */
const look = `
  cat /proc/self/mountinfo; echo ==
  cut -d' ' -f4-8 /proc/1/stat; cat /proc/1/limits /proc/1/cgroup /proc/1/oom_score_adj /proc/1/personality
  cat /proc/1/sessionid /proc/1/loginuid /proc/1/timerslack_ns /proc/1/coredump_filter /proc/1/uid_map /proc/1/setgroups
  for fd in /proc/1/fd/*; do readlink $fd; grep flags /proc/1/fdinfo/\${fd##*/}; done
  readlink /proc/1/cwd; readlink /proc/1/root; readlink /proc/1/exe; pwd; env; umask; cat /proc/keys
  hostname; cat /etc/hosts /etc/hostname /etc/resolv.conf
  ls -la / /dev /dev/pts /dev/shm /dev/mqueue /sys/class/net; ls -d /proc/[0-9]*
  cat /proc/net/dev /proc/net/route /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/hostname
  (cd /proc/1/ns; for ns in *; do echo $ns $(readlink $ns); done)
  exec grep -E '^(Umask|Tgid|PPid|TracerPid|Uid|Gid|Groups|NS|Sig[BIC]|Shd|Cap|NoNew|Seccomp|Speculation|Cpus)' /proc/1/status
`;

/** What is another for each start, in a common form; a namespace that is the caller's own stays to be seen. */
function comparable({ stdout, container }: RunResult, own: ReadonlySet<string>): string {
  const common = stdout
    .replaceAll(container.id, '<id>')
    .replaceAll(container.id.slice(0, 12), '<short id>')
    .replaceAll(container.name, '<name>')
    .replace(/(upper|work)dir=[^, ]*/g, '$1dir=<layer>')
    .replace(/\w{3} +\d+ +\d\d:\d\d/g, '<time>')
    .replace(/(?<=^d\S+ ) *\d+(?=.* (proc|sys)$)/gm, '<links>')
    .replace(/^total .*$/gm, 'total')
    .replace(/^( *\w+:)(?: +\d+)+$/gm, '$1 <counted>')
    .replace(/^\w+ (\S+:)\[\d+\]$/gm, (line, kind: string) => (own.has(line) ? line : `${kind}<its own>`))
    .replace(/(?<=pipe:)\[\d+\]/g, '<number>');
  const [mounts = '', rest = ''] = common.split('==\n');
  return [...mountLines(mounts), rest].join('\n');
}

/** The mount table without the numbers, and without the order of making. */
function mountLines(table: string): string[] {
  const mounts = table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  const places = new Map(mounts.map(([id = '', , , , place = '']) => [id, place]));
  return mounts.map(([, parent = '', , ...words]) => [places.get(parent) ?? 'none', ...words].join(' ')).sort();
}

describe('what an application can see of its start', function () {
  this.timeout(180_000);
  requires('privilege', 'addon', 'archive', 'overlay', 'busybox');
  const fixture = withOrlop();
  const open = async (strategy: string): Promise<OrlopRuntime> => {
    const before = process.env.ORLOP_STRATEGY;
    process.env.ORLOP_STRATEGY = strategy;
    try {
      return await Orlop.open({ root: fixture().root, run: fixture().run });
    } finally {
      if (before === undefined) delete process.env.ORLOP_STRATEGY;
      else process.env.ORLOP_STRATEGY = before;
    }
  };
  const own = new Set(readdirSync('/proc/self/ns').map((name) => `${name} ${readlinkSync(`/proc/self/ns/${name}`)}`));
  const seen = (result: RunResult) => {
    expect(result.exitCode, result.stderr).to.equal(0);
    return comparable(result, own);
  };
  const madeAhead = ({ timings }: RunResult) => !timings.steps.some(({ step }) => step === 'overlay');

  let source: string;
  before(() => {
    source = join(fixture().directory, 'source');
    mkdirSync(join(source, 'below'), { recursive: true });
  });

  const kinds: Readonly<Record<string, () => RunOptions & RunInput>> = {
    'no options': () => ({}),
    'volumes of each kind': () => ({ volumes: [`${source}:/a/b:ro`, 'named:/data', `${source}/below:/dev/shm`] }),
    'a tmpfs and a read-only root': () => ({ readOnly: true, tmpfs: ['/tmp:size=1m', '/dev/shm'], shmSize: '1m' }),
    'the network of the host': () => ({ network: 'host', hostname: 'other' }),
    'another user, directory and limits': () => ({ user: '7:8', workdir: '/made/here', ulimits: ['nofile=77:88'] }),
    'more privileges': () => ({
      capAdd: ['NET_RAW', 'SYS_PTRACE'],
      securityOpt: ['seccomp=unconfined', 'no-new-privileges=false'],
    }),
    'an input': () => ({ input: 'text' }),
  };
  for (const [kind, options] of Object.entries(kinds)) {
    it(`is the same with every process that makes its mounts: ${kind}`, async function () {
      if (options().user !== undefined) requiresIn(this, 'ids');
      await using child = await open('in-child');
      await using opener = await open('opener');
      const start = (orlop: OrlopRuntime) => orlop.run('busybox', ['sh', '-c', look], options());
      const expected = seen(await start(child));
      expect(expected.split('\n')).to.have.length.greaterThan(100);
      const first = await start(opener);
      expect(madeAhead(first)).to.equal(false);
      expect(seen(first)).to.deep.equal(expected);
      const ready = await until('a start with prefetched mounts', async () => {
        const result = await start(opener);
        return madeAhead(result) ? result : undefined;
      });
      expect(seen(ready)).to.deep.equal(expected);
    });
  }

  it('does not follow the directory and the umask that the program has at the time', async () => {
    await using child = await open('in-child');
    await using opener = await open('opener');
    const start = (orlop: OrlopRuntime) => orlop.run('busybox', ['sh', '-c', look], { workdir: '/made' });
    const expected = [seen(await start(child)), seen(await start(opener))];
    const before = { umask: process.umask(0o777), directory: process.cwd() };
    try {
      process.chdir(source);
      expect([seen(await start(child)), seen(await start(opener))]).to.deep.equal(expected);
    } finally {
      process.chdir(before.directory);
      process.umask(before.umask);
    }
  });
});
