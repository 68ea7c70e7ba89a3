import { expect } from 'chai';
import { chooseRoot, chooseRun, type RootFacts } from '../../../ts/store/roots.ts';

const root: RootFacts = { env: {}, uid: 0, home: '/root', cwd: '/work' };
const user: RootFacts = { env: { XDG_RUNTIME_DIR: '/run/user/1000' }, uid: 1000, home: '/home/ann', cwd: '/work' };

describe('the place of the store', () => {
  it('is the option, then ORLOP_ROOT, then the default of the user', () => {
    const env = { ORLOP_ROOT: '/env' };
    expect(chooseRoot('/option', { ...root, env })).to.equal('/option');
    expect(chooseRoot(undefined, { ...root, env })).to.equal('/env');
    expect(chooseRoot(undefined, root)).to.equal('/var/lib/orlop');
    expect(chooseRoot(undefined, user)).to.equal('/home/ann/.local/share/orlop');
    expect(chooseRoot(undefined, { ...user, env: { XDG_DATA_HOME: '/data' } })).to.equal('/data/orlop');
  });

  it('takes a relative path from the working directory, and an empty one as none', () => {
    expect(chooseRoot('s', root)).to.equal('/work/s');
    expect(chooseRoot('', { ...root, env: { ORLOP_ROOT: '' } })).to.equal('/var/lib/orlop');
  });

  it('passes over a relative path in a variable of XDG, which would be another place in each directory', () => {
    const env = { XDG_DATA_HOME: 'data', XDG_RUNTIME_DIR: './run' };
    expect(chooseRoot(undefined, { ...user, env })).to.equal('/home/ann/.local/share/orlop');
    expect(chooseRun(undefined, '/home/ann/.local/share/orlop', { ...user, env })).to.deep.equal(['/tmp/orlop-1000']);
    expect(chooseRoot(undefined, { ...user, home: 'ann' })).to.equal('/work/ann/.local/share/orlop');
  });

  it('has a run directory of its own for each root', () => {
    expect(chooseRun(undefined, '/var/lib/orlop', root)).to.deep.equal(['/run/orlop']);
    expect(chooseRun(undefined, '/home/ann/.local/share/orlop', user)).to.deep.equal(['/run/user/1000/orlop']);
    const one = chooseRun(undefined, '/a', root);
    const other = chooseRun(undefined, '/b', root);
    expect(one.slice(0, 2)).to.deep.equal(['/run/orlop', '/run/orlop/roots']);
    expect(one.at(-1)).to.equal('/run/orlop/roots/%2Fa');
    expect(one.at(-1)).not.to.equal(other.at(-1));
    expect(chooseRun('r', '/a', root)).to.deep.equal(['/work/r']);
  });
});
