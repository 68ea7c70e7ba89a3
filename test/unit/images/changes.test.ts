import { expect } from 'chai';
import { RequestError } from '../../../ts/errors/index.ts';
import { applyChanges } from '../../../ts/images/changes.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import type { ImageConfig } from '../../../ts/images/types.ts';

describe('a change to an image configuration', () => {
  const base: ImageConfig = {
    ...emptyConfig,
    env: ['PATH=/bin', 'A=old'],
    entrypoint: ['/old'],
    cmd: ['old'],
    workingDir: '/srv',
    labels: { keep: '1' },
    volumes: ['/z'],
  };

  const cases: readonly [changes: string[], expected: Partial<ImageConfig>][] = [
    [['CMD ["sh", "-c", "a b"]'], { cmd: ['sh', '-c', 'a b'] }],
    [['cmd echo $HOME'], { cmd: ['/bin/sh', '-c', 'echo $HOME'] }],
    [['CMD []'], { cmd: [] }],
    [['CMD [not json'], { cmd: ['/bin/sh', '-c', '[not json'] }],
    [['ENTRYPOINT ["/new"]'], { entrypoint: ['/new'], cmd: [] }],
    [['CMD ["x"]', 'ENTRYPOINT ["/new"]'], { entrypoint: ['/new'], cmd: ['x'] }],
    [['ENTRYPOINT ["/new"]', 'CMD ["x"]'], { entrypoint: ['/new'], cmd: ['x'] }],
    [['ENV A=new B="two words" C=\'$x\' D=a\\ b'], { env: ['PATH=/bin', 'A=new', 'B=two words', 'C=$x', 'D=a b'] }],
    [['ENV A the rest of it'], { env: ['PATH=/bin', 'A=the rest of it'] }],
    [['ENV E='], { env: ['PATH=/bin', 'A=old', 'E='] }],
    [['ENV Q="say \\"hi\\""'], { env: ['PATH=/bin', 'A=old', 'Q=say "hi"'] }],
    [['EXPOSE 80 443/TCP 53/udp'], { exposedPorts: ['443/tcp', '53/udp', '80/tcp'] }],
    [['LABEL a=1 b="x y"'], { labels: { keep: '1', a: '1', b: 'x y' } }],
    [['STOPSIGNAL SIGQUIT'], { stopSignal: 'SIGQUIT' }],
    [['USER  nobody:nogroup '], { user: 'nobody:nogroup' }],
    [['VOLUME ["/a b", "/c/"]'], { volumes: ['/a b', '/c', '/z'] }],
    [['VOLUME /a /z'], { volumes: ['/a', '/z'] }],
    [['WORKDIR sub'], { workingDir: '/srv/sub' }],
    [['WORKDIR /x/../y'], { workingDir: '/y' }],
  ];
  for (const [changes, expected] of cases) {
    it(`${changes.join(' then ')} changes that and nothing else`, () => {
      expect(applyChanges(base, changes)).to.deep.equal({ ...base, ...expected });
    });
  }

  const refused: readonly [change: string, why: RegExp][] = [
    ['FROM debian', /'FROM' cannot be changed/],
    ['RUN make', /'RUN' cannot be changed/],
    ['toString x', /'toString' cannot be changed/],
    ['', /cannot be changed/],
    ['CMD', /needs an argument/],
    ['ENV A="open', /quote is not closed/],
    ['ENV =x', /not name=value/],
    ['LABEL a=1 b', /not name=value/],
    ['EXPOSE http', /not a port/],
    ['VOLUME data', /not absolute/],
    ['STOPSIGNAL ;', /not a signal/],
    ['USER a\0b', /NUL/],
  ];
  for (const [change, why] of refused) {
    it(`refuses ${JSON.stringify(change)}`, () => {
      expect(() => applyChanges(base, [change]))
        .to.throw(RequestError, why)
        .with.property('code', 'ORLOP_E_INPUT');
    });
  }

  it('leaves the given configuration as it was', () => {
    const before = structuredClone(base);
    applyChanges(base, ['ENV A=1', 'LABEL x=y', 'VOLUME /q']);
    expect(base).to.deep.equal(before);
  });
});
