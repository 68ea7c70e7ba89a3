import { expect } from 'chai';
import { pathsIn } from '../../../ts/launch/paths-in.ts';

describe('what a start looks up in its root filesystem', () => {
  const command = { argv: ['sh'], candidates: ['/a/sh', '/b/sh'], env: [] };

  it('is what every container gets, its working directory, and where its program may be', () => {
    const paths = pathsIn({ mounts: [], process: { cwd: '/work' } }, command);
    expect(paths).to.include.members(['/proc', '/dev', '/sys', '/etc/hosts', '/work', '/a/sh', '/b/sh']);
  });

  it('is the targets of its mounts', () => {
    const paths = pathsIn({ mounts: [{ target: '/bound' }, { target: '/volume' }], process: { cwd: '/' } }, command);
    expect(paths).to.include.members(['/bound', '/volume']);
  });
});
