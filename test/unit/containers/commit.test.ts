import { expect } from 'chai';
import { configOf } from '../../../ts/containers/commit.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import type { ImageConfig } from '../../../ts/images/types.ts';
import type { RunRequest } from '../../../ts/request/types.ts';
import { record, request } from '../../support/records.ts';

describe('the configuration of an image that is committed', () => {
  const base: ImageConfig = {
    ...emptyConfig,
    env: ['PATH=/bin', 'A=1', 'EMPTY=', 'B=x=y'],
    entrypoint: ['/entry'],
    cmd: ['serve'],
    workingDir: '/srv',
    user: 'app',
    volumes: ['/data'],
    labels: { a: '1', b: '2' },
  };
  const { env, entrypoint, cmd, workingDir, user, volumes, labels } = base;
  const same = { env, entrypoint, cmd, workingDir, user, volumes, labels };

  const cases: readonly [what: string, changes: Partial<RunRequest>, expected: Partial<ImageConfig>][] = [
    ['is that of the image where the container was given nothing', {}, {}],
    ['has the command', { argv: ['a', ''] }, { cmd: ['a', ''] }],
    [
      'has the entrypoint, without the command that was made for another one',
      { entrypoint: ['/own'] },
      { entrypoint: ['/own'], cmd: [] },
    ],
    ['has entrypoint and command', { entrypoint: ['/own'], argv: ['a'] }, { entrypoint: ['/own'], cmd: ['a'] }],
    ['has no entrypoint where it was reset', { entrypoint: [], argv: ['a'] }, { entrypoint: [], cmd: ['a'] }],
    ['has neither where only the entrypoint was reset', { entrypoint: [] }, { entrypoint: [], cmd: [] }],
    ['has the directory', { workdir: '/own' }, { workingDir: '/own' }],
    ['has the user', { user: '7:8' }, { user: '7:8' }],
    ['has the labels over those of the image', { labels: { b: '', c: '3' } }, { labels: { a: '1', b: '', c: '3' } }],
    [
      'has the variables over those of the image, in their place',
      {
        env: [
          { name: 'A', value: '' },
          { name: 'B', value: 'new' },
          { name: 'C', value: 'a=b' },
        ],
      },
      { env: ['PATH=/bin', 'A=', 'EMPTY=', 'B=new', 'C=a=b'] },
    ],
    [
      'has no variable that was removed',
      { env: ['A', 'EMPTY', 'nowhere'].map((name) => ({ name, value: null })) },
      { env: ['PATH=/bin', 'B=x=y'] },
    ],
    [
      'has the places of anonymous volumes besides those of the image, and of no others',
      {
        mounts: [
          { type: 'volume', name: null, target: '/a', attributes: 0, nocopy: false },
          { type: 'volume', name: null, target: '/data', attributes: 0, nocopy: false },
          { type: 'volume', name: 'named', target: '/n', attributes: 0, nocopy: false },
        ],
      },
      { volumes: ['/a', '/data'] },
    ],
  ];
  for (const [what, changes, expected] of cases) {
    it(what, () => {
      const container = record('1'.repeat(64), { request: request({ argv: [], ...changes }) });
      expect(configOf(container, base)).to.deep.equal({ ...same, ...expected });
    });
  }

  it('has the last of the image’s variables of one name, and those without a value', () => {
    const container = record('1'.repeat(64), { request: request({ env: [{ name: 'BARE', value: null }] }) });
    const twice = { ...base, env: ['A=1', 'B=2', 'A=3', 'OTHER'] };
    expect(configOf(container, twice).env).to.deep.equal(['A=3', 'B=2', 'OTHER']);
    expect(configOf(container, { ...base, env: ['BARE', 'BARE=1'] }).env).to.deep.equal([]);
  });
});
