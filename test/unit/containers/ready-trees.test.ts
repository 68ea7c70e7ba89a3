import { expect } from 'chai';
import { pathsIn } from '../../../ts/containers/ready-trees.ts';
import { newId } from '../../../ts/store/id.ts';
import { record, request } from '../../support/records.ts';

describe('what a start looks up in its root filesystem', () => {
  const process = { argv: ['sh'], env: ['PATH=/a:/b'], cwd: '/work', uid: 0, gid: 0, groups: [] };

  it('is what every container gets, its working directory, and where its program may be', () => {
    const paths = pathsIn(record(newId(), { process }));
    expect(paths).to.include.members(['/proc', '/dev', '/sys', '/etc/hosts', '/work', '/a/sh', '/b/sh']);
  });

  it('is the targets of its mounts of every kind', () => {
    const bind = { type: 'bind', source: '/s', attributes: 0, recursive: true, propagation: 'rprivate' } as const;
    const own = record(newId(), {
      process,
      request: request({ mounts: [{ ...bind, target: '/bound' }] }),
      volumes: [{ name: 'v', target: '/volume', anonymous: false, attributes: 0, reason: 'named volume' }],
    });
    expect(pathsIn(own)).to.include.members(['/bound', '/volume']);
  });
});
