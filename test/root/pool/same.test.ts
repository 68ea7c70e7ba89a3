import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PoolOptions, PoolRequest, RunOptions, RunResult } from '../../../ts/index.ts';
import { parseMounts } from '../../support/mounts.ts';
import { withOrlop } from '../../support/orlop.ts';
import { requires, requiresIn } from '../../support/require.ts';

type Defaults = Omit<PoolOptions, 'size'>;

/** Of /proc/1, files that are the same in every start of a request. */
const files = [
  'limits',
  'cgroup',
  'oom_score_adj',
  'coredump_filter',
  'personality',
  'loginuid',
  'sessionid',
  'uid_map',
];

/**
 * Tells of PID 1, which is the shell that runs it, and of what that sees, in parts. The shell itself reads what is of
 * the moment: it blocks signals while it makes a child. Its descriptors are shown outside a pipeline, for which it has
 * another one for a while.
 */
const probe = `
part() { echo "=== $1"; }
part mounts; cat /proc/1/mountinfo
part status; while read -r line; do echo "$line"; done < /proc/1/status
for file in ${files.join(' ')}; do part $file; cat /proc/1/$file; done
part variables; tr '\\0' '\\n' < /proc/1/environ
part descriptors; for fd in /proc/1/fd/*; do [ -L $fd ] && readlink $fd && grep flags /proc/1/fdinfo/\${fd##*/}; done
part places; for place in cwd root exe; do readlink /proc/1/$place; done
part readable; stat -c '%u %g %a' /proc/1/fd /proc/1/environ /proc/1/ns
part process; read -r line < /proc/1/stat; echo "$line" | cut -d ' ' -f 1,2,4-9,18-20,40,41
part secure; od -A n -t u8 -w16 -v /proc/1/auxv | grep -E '^ +0*(11|12|13|14|23) '
part umask; umask
part directories; ls -lan / /dev /dev/pts /dev/shm /dev/mqueue /etc /tmp | sed -E 's/ [A-Z][a-z]{2} .*[0-9] / /; s/^(dr-xr-xr-x) +[0-9]+/\\1/'
part files; cat /etc/hosts /etc/hostname /etc/resolv.conf
part masked; ls -a /sys/firmware /proc/acpi; cat /proc/keys /proc/timer_list
part sysctl; cat /proc/sys/net/ipv4/ping_group_range; hostname
part network; ip -o link show
`;

/**
 * Lines of a status that are of the moment, or of the program that started it: a process begins with a table of
 * descriptors (FDSize) as large as that of the program it was cloned from, however many of them it has itself.
 */
const passing = /^(State|FDSize|Vm|Rss|Hugetlb|SigQ|.*ctxt)[^:]*:.*\n/gm;

/** The parts of what the probe has said. Names that are made for each container are left out. */
function partsOf({ stdout, stderr, container: { id } }: RunResult): Record<string, string> {
  expect(stderr.replaceAll(/^ls: .*$\n/gm, '')).to.equal('');
  const text = stdout
    .replaceAll(passing, '')
    .replaceAll(/(?<=^pipe:)\[\d+\]$/gm, '')
    .replaceAll(id, 'ID')
    .replaceAll(id.slice(0, 12), 'SHORT-ID');
  const parts = text.split(/^=== /m).slice(1);
  const named = new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]));
  return { ...Object.fromEntries(named), mounts: mountsOf(named.get('mounts') ?? '') };
}

/** The mounts by target: volumes come last in a waiting container. */
function mountsOf(table: string): string {
  const own = /^(upperdir|workdir)=/;
  const mounts = parseMounts(table).map(({ target, root, type, source, options, propagation, superOptions }) => {
    const others = superOptions.filter((option) => !own.test(option));
    return `${target} ${root} ${type} ${source} ${options} [${propagation}] ${others}`;
  });
  return mounts.sort().join('\n');
}

describe('an application in a waiting container of a pool', function () {
  this.timeout(120_000);
  requires('privilege', 'addon', 'archive', 'busybox', 'overlay');
  const fixture = withOrlop();
  const held: number[] = [];

  before(() => {
    // A program with many open files: a container started directly could show them, a waiting container has none.
    for (let count = 0; count < 200; count += 1) held.push(openSync('/dev/null', 'r'));
    const { directory } = fixture();
    for (const name of ['host', 'firmware', 'sys/firmware']) mkdirSync(join(directory, name), { recursive: true });
    for (const name of ['host/file', 'firmware/own', 'sys/firmware/own']) writeFileSync(join(directory, name), 'own\n');
  });

  after(() => {
    for (const descriptor of held) closeSync(descriptor);
  });

  /** Runs the same in a container of its own and in a waiting one. The second start has prefetched parts. */
  async function expectSame(defaults: Defaults, own: PoolRequest = {}, inMember = true): Promise<void> {
    const { orlop } = fixture();
    const whole: RunOptions = { ...defaults, ...own, volumes: [...(defaults.volumes ?? []), ...(own.volumes ?? [])] };
    const argv = ['sh', '-c', probe];
    await orlop.run('busybox', ['true'], whole);
    const alone = await orlop.run('busybox', argv, whole);
    await using pool = await orlop.pool('busybox', { ...defaults, size: 1 });
    const pooled = await pool.run(argv, own);
    expect(pooled.timings.steps.some(({ step }) => step === 'take')).to.equal(inMember);
    const parts = partsOf(pooled);
    const wanted = partsOf(alone);
    expect(Object.keys(parts)).to.deep.equal(Object.keys(wanted));
    for (const [name, part] of Object.entries(wanted)) expect(parts[name], name).to.equal(part);
  }

  it('is and sees what one in a container of its own does', async () => {
    await expectSame({});
  });

  it('the same as another user, in a directory that is made, with variables', async function () {
    requiresIn(this, 'ids');
    await expectSame({ workdir: '/tmp' }, { user: 'alice', workdir: '/made/for/it', env: ['OWN=request'] });
  });

  it('the same with volumes of both kinds in a root that is read-only', async function () {
    requiresIn(this, 'ids');
    const { directory } = fixture();
    const volumes = [`${directory}/host:/h`, `${directory}/host/file:/etc/file:ro`, 'data:/data', 'deep:/v/w:ro'];
    const fixed = { readOnly: true, tmpfs: ['/run', '/sealed:ro'], volumes: ['pool:/p'], hostname: 'box' };
    await expectSame(fixed, { volumes: [...volumes, 'below:/p/below'], user: '1000:29', workdir: '/v/w' });
  });

  it('the same where set-id programs gain privileges, and with other capabilities', async function () {
    requiresIn(this, 'ids');
    const gains = 'no-new-privileges=false';
    await expectSame({ securityOpt: [gains], capDrop: ['CHOWN'] });
    await expectSame({ securityOpt: [gains] }, { user: 'alice' });
    await expectSame({ capDrop: ['ALL'], capAdd: ['KILL'] });
  });

  it('the same without a filter, in the network of the host, with other limits', async () => {
    const ulimits = ['nofile=20:30', 'memlock=65536:131072', 'core=0'];
    await expectSame({ securityOpt: ['seccomp=unconfined'], network: 'host', ulimits, shmSize: '1m' });
  });

  it('sees no more of what is masked because of a volume there', async () => {
    const { directory } = fixture();
    await expectSame({}, { volumes: [`${directory}/firmware:/sys/firmware`] }, false);
    await expectSame({}, { volumes: [`${directory}/sys:/sys`] }, false);
  });
});
