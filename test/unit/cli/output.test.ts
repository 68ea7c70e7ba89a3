import { expect } from 'chai';
import type { ContainerSummary, ImageSummary, VolumeSummary } from '../../../ts/api/types.ts';
import { RequestError } from '../../../ts/errors/index.ts';
import { type CommandLine, orlop, type World } from '../../support/fake-orlop.ts';

const now = new Date('2026-11-27T12:00:00Z');
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000);

const container: ContainerSummary = {
  id: `${'c0ffee'.repeat(10)}abcd`,
  name: 'web',
  image: { reference: 'debian:trixie', id: `sha256:${'1'.repeat(64)}` },
  command: ['sh', '-c', 'echo hello to the world'],
  created: before(120),
  status: 'exited',
  exitCode: 0,
  pid: null,
  startedAt: before(60),
  finishedAt: before(3),
  labels: { a: '1', b: '' },
  network: 'none',
  limits: { pids: 64 },
  mounts: [
    {
      Type: 'volume',
      Name: 'data',
      Source: '/v/data/_data',
      Destination: '/data',
      Mode: '',
      RW: true,
      Propagation: '',
    },
  ],
};
const running: ContainerSummary = {
  ...container,
  id: 'b'.repeat(64),
  name: 'db',
  created: before(121),
  status: 'running',
  exitCode: null,
};
const fresh: ContainerSummary = { ...container, id: 'd'.repeat(64), name: 'new', status: 'created', exitCode: null };

async function ps(
  argv: readonly string[],
  items: readonly ContainerSummary[],
  world: World = {},
): Promise<CommandLine> {
  const list = ({ filter }: { filter?: (item: ContainerSummary) => boolean }) => ({
    items: items.filter(filter ?? (() => true)),
    damaged: [],
  });
  const found = (name: string) => ({ summary: async () => items.find((item) => item.name === name) });
  return orlop(['ps', ...argv], { now, ...world, library: { 'containers.list': list as never, container: found } });
}

describe('orlop ps', () => {
  it('prints what docker ps prints', async () => {
    expect((await ps(['-a'], [running, container, fresh])).stdout).to.equal(
      [
        'CONTAINER ID   IMAGE           COMMAND                  CREATED         STATUS                     PORTS     NAMES',
        'bbbbbbbbbbbb   debian:trixie   "sh -c echo hello to…"   2 minutes ago   Up About a minute                    db',
        'c0ffeec0ffee   debian:trixie   "sh -c echo hello to…"   2 minutes ago   Exited (0) 3 seconds ago             web',
        'dddddddddddd   debian:trixie   "sh -c echo hello to…"   2 minutes ago   Created                              new',
        '',
      ].join('\n'),
    );
  });

  it('prints the heads of an empty table', async () => {
    expect((await ps([], [])).stdout).to.match(/^CONTAINER ID {3}IMAGE .* NAMES\n$/);
  });

  it('prints IDs, whole with --no-trunc', async () => {
    expect((await ps(['-q'], [running, container])).stdout).to.equal('bbbbbbbbbbbb\nc0ffeec0ffee\n');
    expect((await ps(['-aq', '--no-trunc'], [running])).stdout).to.equal(`${'b'.repeat(64)}\n`);
    expect((await ps(['--no-trunc'], [running])).stdout).to.include('"sh -c echo hello to the world"');
  });

  it('prints by a template, as a table of one, and as JSON lines of texts', async () => {
    expect((await ps(['--format', '{{.ID}} {{.Names}} {{.State}}'], [running])).stdout).to.equal(
      'bbbbbbbbbbbb db running\n',
    );
    expect((await ps(['--format', 'table {{.Names}}\\t{{.Labels}}'], [running])).stdout).to.equal(
      'NAMES     LABELS\ndb        a=1,b=\n',
    );
    const row = JSON.parse((await ps(['--format', 'json'], [container])).stdout);
    expect(row).to.include({
      ID: 'c0ffeec0ffee',
      Names: 'web',
      Mounts: 'data',
      LocalVolumes: '1',
      Labels: 'a=1,b=',
      Limits: 'pids=64',
    });
    for (const [name, value] of Object.entries(row)) expect(value, name).to.be.a('string');
  });

  it('tells a misspelt field, with the near one', async () => {
    const { status, stderr } = await ps(['--format', '{{.Nams}}'], [running]);
    expect(status).to.equal(125);
    expect(stderr).to.equal(`orlop: template parsing error: there is no field 'Nams'\nhint: did you mean 'Names'?\n`);
  });

  for (const [filters, names] of [
    [['name=we'], ['web']],
    [['name=^b$'], []],
    [['name=^web$'], ['web']],
    [['name=^/web$'], ['web']],
    [['name=^(db|web)$'], ['db', 'web']],
    [['name=(?i)WEB'], ['web']],
    [
      ['name=we', 'name=db'],
      ['db', 'web'],
    ],
    [['status=exited'], ['web']],
    [['status=exited', 'name=db'], []],
    [['exited=0'], ['web']],
    [['exited=1'], []],
    [['label=a'], ['db', 'web']],
    [
      ['label=a=1', 'label=b'],
      ['db', 'web'],
    ],
    [['label=a=2'], []],
    [['id=c0ff'], ['web']],
    [['volume=data'], ['db', 'web']],
    [['volume=/data'], ['db', 'web']],
    [['volume=other'], []],
    [['ancestor=debian:trixie'], ['db', 'web']],
    [[`ancestor=${'1'.repeat(12)}`], ['db', 'web']],
    [['ancestor=debian'], []],
    [['network=none'], ['db', 'web']],
    [['network=host'], []],
    [['health=none'], ['db', 'web']],
    [['health=healthy'], []],
    [['publish=80/tcp'], []],
    [['before=web'], ['db']],
    [['since=db'], ['web']],
    [['since=web'], []],
    [['before=web', 'status=exited'], []],
  ] as const) {
    it(`filters by ${filters.join(' and ')}`, async () => {
      const argv = ['-a', '--format', '{{.Names}}', ...filters.flatMap((filter) => ['-f', filter])];
      expect((await ps(argv, [running, container])).stdout.split('\n').filter(Boolean)).to.deep.equal(names);
    });
  }

  it('asks for sizes only with -s, which adds a column', async () => {
    const sized = { ...container, size: { layer: 1500, image: 4_000_000 } };
    const { stdout, calls } = await ps(['-a', '-s'], [sized]);
    expect(stdout).to.match(/^CONTAINER ID .* NAMES +SIZE\n.* web +1.5kB \(virtual 4MB\)\n$/);
    expect(calls.find(([name]) => name === 'containers.list')?.[1]).to.include({ size: true });
    const plain = await ps(['-a'], [container]);
    expect(plain.calls.find(([name]) => name === 'containers.list')?.[1]).not.to.have.property('size');
  });

  it('asks for all containers when the filter is about their state, and with -n', async () => {
    for (const [argv, all] of [
      [[], false],
      [['-a'], true],
      [['-f', 'status=exited'], true],
      [['-f', 'name=x'], false],
      [['-n', '1'], true],
      [['-l'], true],
    ] as const) {
      const { calls } = await ps(argv, []);
      expect(calls[1]?.[1], argv.join(' ')).to.deep.include({ all });
    }
    expect((await ps(['-n', '1', '-q'], [running, container])).stdout).to.equal('bbbbbbbbbbbb\n');
  });

  for (const [argv, message] of [
    [['-f', 'status=exitd'], `invalid filter 'status=exitd'`],
    [['-f', 'exited=zero'], `invalid filter 'exited=zero'`],
    [['-n', 'all'], `'--last all' is not a number of containers`],
    [['-n', '-1'], `'--last -1' is not a number of containers`],
    [['-n', '0'], `'--last 0' is not a number of containers`],
  ] as const) {
    it(`refuses ${argv.join(' ')} where there is no container either`, async () => {
      const { status, stdout, stderr } = await ps(argv, []);
      expect({ status, stdout }).to.deep.equal({ status: 125, stdout: '' });
      expect(stderr).to.include(message).and.include('hint:');
    });
  }

  it('tells damaged records beside the list', async () => {
    const library = {
      'containers.list': () => ({
        items: [running],
        damaged: [{ path: '/c/x', message: 'it is damaged: not JSON', hint: 'remove it: orlop rm -f x' }],
      }),
    };
    const { status, stdout, stderr } = await orlop(['ps', '-q'], { library });
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'bbbbbbbbbbbb\n' });
    expect(stderr).to.equal('orlop: it is damaged: not JSON\nhint: remove it: orlop rm -f x\n');
  });
});

describe('orlop images', () => {
  const images: readonly ImageSummary[] = [
    {
      id: `sha256:${'a'.repeat(64)}`,
      references: ['debian:trixie', 'debian:13'],
      created: before(86400 * 21),
      size: 118e6,
      diskUsage: 166e6,
      labels: {},
    },
    { id: `sha256:${'b'.repeat(64)}`, references: [], created: null, size: 512, diskUsage: 1024, labels: { k: 'v' } },
    {
      id: `sha256:${'c'.repeat(64)}`,
      references: ['localhost:5000/app:1'],
      created: before(5),
      size: 4_490_000,
      diskUsage: 8_980_000,
      labels: {},
    },
  ];
  const list = (argv: readonly string[]) =>
    orlop(['images', ...argv], {
      now,
      library: {
        'images.list': (({ filter }: { filter?: (item: ImageSummary) => boolean }) => ({
          items: images.filter(filter ?? (() => true)),
          damaged: [],
        })) as never,
      },
    });

  it('prints what docker images prints, and what is on the disk', async () => {
    expect((await list([])).stdout).to.equal(
      [
        'REPOSITORY           TAG       IMAGE ID       CREATED         SIZE      DISK',
        'debian               trixie    aaaaaaaaaaaa   3 weeks ago     118MB     166MB',
        'debian               13        aaaaaaaaaaaa   3 weeks ago     118MB     166MB',
        '<none>               <none>    bbbbbbbbbbbb   N/A             512B      1.02kB',
        'localhost:5000/app   1         cccccccccccc   5 seconds ago   4.49MB    8.98MB',
        '',
      ].join('\n'),
    );
  });

  it('prints an ID once', async () => {
    expect((await list(['-q'])).stdout).to.equal('aaaaaaaaaaaa\nbbbbbbbbbbbb\ncccccccccccc\n');
  });

  for (const [argv, tags] of [
    [['debian'], ['trixie', '13']],
    [['debian:13'], ['13']],
    [['deb'], []],
    [['deb*'], ['trixie', '13']],
    [['localhost:5000/app'], ['1']],
    [['-f', 'dangling=true'], ['<none>']],
    [
      ['-f', 'dangling=false'],
      ['trixie', '13', '1'],
    ],
    [['-f', 'label=k=v'], ['<none>']],
    [
      ['-f', 'reference=debian:tri*'],
      ['trixie', '13'],
    ],
  ] as const) {
    it(`shows those asked for with ${argv.join(' ')}`, async () => {
      const { stdout } = await list(['--format', '{{.Tag}}', ...argv]);
      expect(stdout.split('\n').filter(Boolean)).to.deep.equal(tags);
    });
  }
});

describe('orlop volume', () => {
  const volumes: readonly VolumeSummary[] = [
    {
      name: 'data',
      driver: 'local',
      anonymous: false,
      mountpoint: '/v/data/_data',
      labels: { k: 'v' },
      created: now,
      usedBy: ['c'],
    },
    {
      name: 'f0'.repeat(32),
      driver: 'local',
      anonymous: true,
      mountpoint: '/v/f0/_data',
      labels: {},
      created: now,
      usedBy: [],
    },
  ];
  const listVolumes = (({ filter }: { filter?: (item: VolumeSummary) => boolean }) => ({
    items: volumes.filter(filter ?? (() => true)),
    damaged: [],
  })) as never;

  it('lists what docker volume ls lists', async () => {
    const { stdout } = await orlop(['volume', 'ls'], { library: { 'volumes.list': listVolumes } });
    expect(stdout).to.equal(`DRIVER    VOLUME NAME\nlocal     data\nlocal     ${'f0'.repeat(32)}\n`);
  });

  for (const [filters, names] of [
    [['dangling=true'], ['f0'.repeat(32)]],
    [['dangling=0'], ['data']],
    [['name=at'], ['data']],
    [['name=^at'], []],
    [['name=^d.*a$'], ['data']],
    [['label=k'], ['data']],
    [['label!=k'], ['f0'.repeat(32)]],
    [['name=at', 'dangling=1'], []],
  ] as const) {
    it(`lists those for which ${filters.join(' and ')} hold`, async () => {
      const argv = ['volume', 'ls', '-q', ...filters.flatMap((filter) => ['--filter', filter])];
      const { stdout } = await orlop(argv, { library: { 'volumes.list': listVolumes } });
      expect(stdout.split('\n').filter(Boolean)).to.deep.equal(names);
    });
  }

  it('makes one, named or not, with labels', async () => {
    const create = (name: string | null) => ({ ...volumes[0], name: name ?? 'f0'.repeat(32) });
    const library = { 'volumes.create': create as never };
    const named = await orlop(['volume', 'create', '-l', 'a=b', '--label=c', 'data'], { library });
    expect(named.stdout).to.equal('data\n');
    expect(named.calls[1]).to.deep.equal(['volumes.create', 'data', { labels: { a: 'b', c: '' } }]);
    expect((await orlop(['volume', 'create'], { library })).stdout).to.equal(`${'f0'.repeat(32)}\n`);
  });

  it('leaves the labels out if none are given: an existing volume may have some', async () => {
    const library = { 'volumes.create': () => volumes[0] };
    const { calls } = await orlop(['volume', 'create', 'data'], { library });
    expect(calls[1]).to.deep.equal(['volumes.create', 'data', { labels: undefined }]);
  });

  it('asks before it prunes, and takes only yes for yes', async () => {
    const library = { 'volumes.prune': () => ({ removed: ['a', 'b'], reclaimed: 1234 }) };
    for (const input of ['', 'n\n', 'nay\n']) {
      const { status, stdout, stderr, calls } = await orlop(['volume', 'prune'], { library, input });
      expect({ status, stdout, calls }).to.deep.equal({ status: 0, stdout: '', calls: [] });
      expect(stderr).to.include('WARNING! This will remove anonymous local volumes');
    }
    for (const [argv, input] of [
      [[], 'y\n'],
      [['-f'], ''],
    ] as const) {
      const { stdout } = await orlop(['volume', 'prune', ...argv], { library, input });
      expect(stdout).to.equal('Deleted Volumes:\na\nb\n\nTotal reclaimed space: 1.23kB\n');
    }
    const { calls } = await orlop(['volume', 'prune', '-af', '--filter', 'label!=keep'], { library });
    const [, options] = calls[1] as [string, { all: boolean; filter: (volume: VolumeSummary) => boolean }];
    expect(options.all).to.equal(true);
    expect(volumes.map((volume) => options.filter({ ...volume, labels: { keep: '' } }))).to.deep.equal([false, false]);
  });

  it('removes the others when one cannot be, and ends with 1', async () => {
    const remove = (name: string) => {
      if (name === 'used') throw new RequestError('ORLOP_E_VOLUME_IN_USE', `volume 'used' is in use by web`);
      if (name === 'gone') throw new RequestError('ORLOP_E_NO_VOLUME', `there is no volume 'gone'`);
    };
    const library = { 'volumes.remove': remove as never };
    expect(await orlop(['volume', 'rm', 'used', 'a', 'gone'], { library })).to.deep.include({
      status: 1,
      stdout: 'a\n',
      stderr: `orlop: volume 'used' is in use by web\norlop: there is no volume 'gone'\n`,
    });
    expect(await orlop(['volume', 'rm', '-f', 'gone'], { library })).to.deep.include({ status: 0, stderr: '' });
    expect(await orlop(['volume', 'rm', '-f', 'used'], { library })).to.deep.include({ status: 1 });
  });
});

describe('orlop inspect', () => {
  const none = (code: 'ORLOP_E_NO_CONTAINER' | 'ORLOP_E_NO_IMAGE' | 'ORLOP_E_NO_VOLUME') => () => {
    throw new RequestError(code, 'none');
  };
  const library = {
    container: none('ORLOP_E_NO_CONTAINER'),
    'images.inspect': ((name: string) => {
      if (name !== 'debian') throw new RequestError('ORLOP_E_NO_IMAGE', 'none');
      return { Id: 'sha256:1', RepoTags: ['debian:latest'] };
    }) as never,
    'volumes.inspect': ((name: string) => {
      if (name !== 'data') throw new RequestError('ORLOP_E_NO_VOLUME', 'none');
      return { Name: 'data', Labels: null };
    }) as never,
  };

  it('finds containers, images and volumes, and prints one JSON list', async () => {
    const { status, stdout } = await orlop(['inspect', 'data', 'debian'], { library });
    expect(status).to.equal(0);
    expect(JSON.parse(stdout)).to.deep.equal([
      { Name: 'data', Labels: null },
      { Id: 'sha256:1', RepoTags: ['debian:latest'] },
    ]);
  });

  it('prints what it found and ends with 1 when one is missing', async () => {
    const { status, stdout, stderr } = await orlop(['inspect', 'nope', 'data'], { library });
    expect(status).to.equal(1);
    expect(JSON.parse(stdout)).to.have.length(1);
    expect(stderr).to.match(/^orlop: there is no container, image or volume 'nope'\nhint: /);
    expect((await orlop(['inspect', 'nope'], { library })).stdout).to.equal('[]\n');
  });

  it('prints by a template', async () => {
    const { stdout } = await orlop(['inspect', '-f', '{{json .RepoTags}}', '--type', 'image', 'debian'], { library });
    expect(stdout).to.equal('["debian:latest"]\n');
    expect((await orlop(['image', 'inspect', '-f', '{{.Id}}', 'debian'], { library })).stdout).to.equal('sha256:1\n');
  });
});

describe('archives', () => {
  it('are not written to a terminal, nor read from one', async () => {
    const save = await orlop(['save', 'a'], { terminal: true, env: { NO_COLOR: '1' } });
    expect(save.status).to.equal(125);
    expect(save.stderr).to.match(/^orlop: an archive is not written to a terminal\nhint: use '-o FILE'/);
    const load = await orlop(['load'], { terminal: true, env: { NO_COLOR: '1' } });
    expect(load.stderr).to.match(/^orlop: standard input is a terminal/);
  });

  it('go to standard output by its descriptor', async () => {
    const { status, calls } = await orlop(['save', '--format', 'oci-archive', 'a', 'b'], {
      library: { 'images.save': () => undefined },
    });
    expect(status).to.equal(0);
    expect(calls[1]).to.deep.equal([
      'images.save',
      ['a', 'b'],
      { descriptor: 1, format: 'oci-archive', onProgress: undefined },
    ]);
  });

  it('are loaded with a line for each name', async () => {
    const library = {
      'images.load': () => [
        { id: 'sha256:1', references: ['a:1', 'a:2'] },
        { id: 'sha256:2', references: [] },
      ],
    };
    const { stdout, calls } = await orlop(['load'], { library });
    expect(stdout).to.equal('Loaded image: a:1\nLoaded image: a:2\nLoaded image ID: sha256:2\n');
    expect(calls[1]).to.deep.equal(['images.load', 0, { onProgress: undefined }]);
    expect((await orlop(['load', '-q', '-i', 'f.tar'], { library })).stdout).to.equal('');
  });

  it('are imported from a file or standard input', async () => {
    const library = { 'images.import': () => ({ id: 'sha256:1' }) };
    const { stdout, calls } = await orlop(['import', '-c', 'CMD ["sh"]', '-m', 'x', '-', 'debian:13'], { library });
    expect(stdout).to.equal('sha256:1\n');
    expect(calls[1]).to.deep.equal([
      'images.import',
      0,
      { reference: 'debian:13', message: 'x', changes: ['CMD ["sh"]'], onProgress: undefined },
    ]);
    expect((await orlop(['import', 'a.tar'], { library })).calls[1]).to.deep.equal([
      'images.import',
      'a.tar',
      { reference: null, message: undefined, changes: [], onProgress: undefined },
    ]);
  });
});
