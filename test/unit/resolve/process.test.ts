import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import type { ImageConfig } from '../../../ts/images/types.ts';
import type { EnvEntry, RunRequest } from '../../../ts/request/types.ts';
import { candidatesOf, processOf, refuseVainLimit } from '../../../ts/resolve/process.ts';
import { request } from '../../support/records.ts';
import { refusalOf } from '../../support/refusal.ts';

const user = { uid: 7, gid: 8, groups: [8, 9], home: '/home/ann' };
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const processFor = (changes: Partial<RunRequest>, config: Partial<ImageConfig> = {}) =>
  processOf(request(changes), { ...emptyConfig, ...config }, user, 'box');

describe('the process of a container', () => {
  it('is that of the user, with its groups', () => {
    expect(processFor({}))
      .to.include({ uid: 7, gid: 8 })
      .and.to.deep.include({ groups: [8, 9] });
  });

  const places: readonly [workdir: string | null, workingDir: string, expected: string][] = [
    [null, '', '/'],
    [null, '/srv', '/srv'],
    ['/own', '', '/own'],
    ['/own', '/srv', '/own'],
  ];
  for (const [workdir, workingDir, expected] of places) {
    it(`works in ${expected} where the request says ${workdir} and the image '${workingDir}'`, () => {
      expect(processFor({ workdir }, { workingDir }).cwd).to.equal(expected);
    });
  }

  type Words = readonly string[];
  const commands: readonly [
    what: string,
    given: [entrypoint: Words | null, argv: Words],
    image: [Words, Words],
    Words,
  ][] = [
    ['the command of the image', [null, []], [[], ['sh', '-c', 'x']], ['sh', '-c', 'x']],
    ['the entrypoint of the image', [null, []], [['/entry'], []], ['/entry']],
    ['entrypoint and command of the image', [null, []], [['/entry', '-v'], ['serve']], ['/entry', '-v', 'serve']],
    [
      'another command, behind the entrypoint of the image',
      [null, ['a', '']],
      [['/entry'], ['serve']],
      ['/entry', 'a', ''],
    ],
    ['another entrypoint, which takes the command away', [['/own'], []], [['/entry'], ['serve']], ['/own']],
    ['another entrypoint and command', [['/own', '-x'], ['a']], [['/entry'], ['serve']], ['/own', '-x', 'a']],
    ['a command alone, where the entrypoint is reset', [[], ['a', 'b']], [['/entry'], ['serve']], ['a', 'b']],
    ['an empty word', [null, ['']], [[], []], ['']],
  ];
  for (const [what, [entrypoint, argv], [imageEntrypoint, cmd], expected] of commands) {
    it(`runs ${what}`, () => {
      expect(processFor({ entrypoint, argv }, { entrypoint: imageEntrypoint, cmd }).argv).to.deep.equal(expected);
    });
  }

  for (const [what, entrypoint, config] of [
    ['neither the request nor the image has a command', null, {}],
    ['the entrypoint is reset and no command given', [], { entrypoint: ['/entry'], cmd: ['serve'] }],
  ] as const) {
    it(`is refused where ${what}`, () => {
      expect(() => processFor({ argv: [], entrypoint }, config))
        .to.throw(RequestError, "no command for a container of image 'busybox'")
        .with.property('code', 'ORLOP_E_INPUT');
    });
  }

  const standard = [`PATH=${defaultPath}`, 'HOSTNAME=box', 'HOME=/home/ann'];
  const [path = '', hostname = '', home = ''] = standard;
  const environments: readonly [what: string, image: Words, given: readonly EnvEntry[], expected: Words][] = [
    ['what every process has', [], [], standard],
    ['that of the image', ['A=1', 'B=a=b', 'EMPTY='], [], [...standard, 'A=1', 'B=a=b', 'EMPTY=']],
    ['the image’s own of the standard ones', ['HOME=/h', 'PATH=/p'], [], ['PATH=/p', hostname, 'HOME=/h']],
    ['the last of the image’s with one name', ['A=1', 'B=2', 'A=3'], [], [...standard, 'A=3', 'B=2']],
    ['nothing of the image without a name or a value', ['BARE', '=x', ''], [], standard],
    [
      'that of the request over that of the image',
      ['A=1', 'B=2'],
      [
        { name: 'B', value: '' },
        { name: 'C', value: 'a=b' },
      ],
      [...standard, 'A=1', 'B=', 'C=a=b'],
    ],
    ['the request’s own of the standard ones', ['HOME=/h'], [{ name: 'HOME', value: '' }], [path, hostname, 'HOME=']],
    [
      'nothing that the request removes, be it standard, of the image or nowhere',
      ['A=1', 'B=2'],
      ['A', 'PATH', 'nowhere'].map((name) => ({ name, value: null })),
      [hostname, home, 'B=2'],
    ],
  ];
  for (const [what, env, given, expected] of environments) {
    it(`gets as its environment ${what}`, () => {
      expect(processFor({ env: given }, { env }).env).to.deep.equal(expected);
    });
  }
});

describe('the paths at which an application is looked for', () => {
  const candidates = (program: string, ...env: string[]) => candidatesOf({ ...processFor({}), argv: [program], env });

  const cases: readonly [what: string, program: string, env: readonly string[], expected: readonly string[]][] = [
    ['are one for each part of its PATH', 'sh', ['A=1', 'PATH=/a:/b/c'], ['/a/sh', '/b/c/sh']],
    ['are its own path where it has a slash', '/bin/sh', ['PATH=/a'], ['/bin/sh']],
    ['are a path from its directory too', './sh', ['PATH=/a'], ['./sh']],
    ['are such a path where the slash is in the middle', 'bin/sh', ['PATH=/a'], ['bin/sh']],
    [
      'are its directory for each part that is empty',
      'sh',
      ['PATH=:/a::/b:'],
      ['./sh', '/a/sh', './sh', '/b/sh', './sh'],
    ],
    ['are its directory alone where PATH is empty', 'sh', ['PATH='], ['./sh']],
    ['may be relative', 'sh', ['PATH=bin:.'], ['bin/sh', './sh']],
    ['are the usual ones without PATH', 'sh', ['XPATH=/x'], defaultPath.split(':').map((part) => `${part}/sh`)],
  ];
  for (const [what, program, env, expected] of cases) {
    it(what, () => {
      expect(candidates(program, ...env)).to.deep.equal(expected);
    });
  }
});

describe('an image whose configuration holds a NUL', () => {
  for (const config of [{ entrypoint: ['a\0b'] }, { cmd: ['\x005'] }, { env: ['A=\x001'] }, { workingDir: '/\x000' }]) {
    it(`is refused: ${JSON.stringify(config)}`, () => {
      const refused = refusalOf(() => processFor({ argv: ['true'] }, config));
      expect([refused.code, refused.message]).to.satisfy(
        ([code, message]: string[]) => code === 'ORLOP_E_INPUT' && message?.includes('holds a NUL'),
      );
    });
  }
});

describe('a limit of processes', () => {
  const ulimits = [{ name: 'nproc', soft: 8, hard: 8 }] as const;
  const limit = (userns: RunRequest['userns'], uid = 0) => refuseVainLimit(request({ ulimits, userns }), { uid });

  it("is refused for root of the machine, also in a user namespace that has root's ID", () => {
    for (const userns of ['host', { first: { user: 0, group: 0 }, size: 65536 }] as const) {
      expect(refusalOf(() => limit(userns))).to.include({ code: 'ORLOP_E_INPUT' });
      limit(userns, 5);
    }
  });

  it('is taken for root of another user namespace', () => {
    limit({ first: null, size: 65536 });
    limit({ first: { user: 1000, group: 0 }, size: 65536 });
  });
});
