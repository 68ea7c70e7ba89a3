import { expect } from 'chai';
import { newOwn, storedOwn } from '../../../ts/containers/own.ts';
import { emptyConfig } from '../../../ts/images/platform.ts';
import { hole } from '../../../ts/plan/holes.ts';
import { created } from '../../../ts/record/schema.ts';
import { nameFor } from '../../../ts/resolve/names.ts';
import { newId } from '../../../ts/store/id.ts';
import { image } from '../../support/fake-runtime.ts';
import { record, request } from '../../support/records.ts';

const user = { uid: 0, gid: 0, groups: [], home: '/root' };

describe('what one of the containers of a request has of its own', () => {
  const resolved = (hostname: string = hole.shortId) => ({
    record: record(hole.id, { hostname }),
    image: image({ config: { ...emptyConfig, env: ['PATH=/a:/b', 'X=image'], entrypoint: ['env'] } }),
    user,
  });

  it('is its ID, a name that follows from that, the time, and what it executes', () => {
    const id = newId();
    const asked = request({ argv: ['sh', '-c', 'true'], env: [{ name: 'X', value: 'own' }] });
    const { name, values, command } = newOwn(resolved(), asked, id);
    const [ownId, short, ownName, time = '', started, requestArgv, requestEnv, argv, env] = values;
    expect([ownId, short, ownName, started]).to.deep.equal([id, id.slice(0, 12), nameFor(id), time]);
    expect(name).to.equal(nameFor(id));
    expect(Math.abs(Date.now() - Date.parse(time))).to.be.below(10_000);
    expect(JSON.parse(`[${requestArgv}]`)).to.deep.equal(asked.argv);
    expect(JSON.parse(`[${requestEnv}]`)).to.deep.equal(asked.env);
    expect(command.argv).to.deep.equal(['env', 'sh', '-c', 'true']);
    expect(command.candidates).to.deep.equal(['/a/env', '/b/env']);
    expect(command.env).to.include.members(['X=own', `HOSTNAME=${id.slice(0, 12)}`, 'HOME=/root']);
    expect(JSON.parse(`[${argv}]`)).to.deep.equal(command.argv);
    expect(JSON.parse(`[${env}]`)).to.deep.equal(command.env);
  });

  it('is the name and the hostname of the request, where that has them', () => {
    const { name, command } = newOwn(resolved('box'), request({ name: 'one', hostname: 'box' }), newId());
    expect(name).to.equal('one');
    expect(command.env).to.include('HOSTNAME=box');
  });

  it('is what the record says for a container that is on record, but for the time at which it starts', () => {
    const id = newId();
    const process = { argv: ['sh'], env: ['PATH=/x', 'A=b'], cwd: '/', uid: 0, gid: 0, groups: [] };
    const one = record(id, { process, name: 'one', created: '2020-01-02T03:04:05.678Z' });
    const { name, values, command } = storedOwn({ record: one, state: created, durability: 'durable' });
    expect(name).to.equal('one');
    expect(values.slice(0, 4)).to.deep.equal([id, id.slice(0, 12), 'one', one.created]);
    expect(Math.abs(Date.now() - Date.parse(values[4] ?? ''))).to.be.below(10_000);
    expect(command).to.deep.equal({ candidates: ['/x/sh'], argv: ['sh'], env: process.env });
  });
});
