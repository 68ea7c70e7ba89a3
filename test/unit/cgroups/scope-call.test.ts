import { expect } from 'chai';
import { callOf, scopeIn, scopeName } from '../../../ts/cgroups/scope-call.ts';

describe('the call that asks systemd for a scope', () => {
  const call = callOf(42, '/run/user/1000/bus', 5);

  it('goes to the bus of the user, and does not wait for ever', () => {
    expect(call.slice(0, 3)).to.deep.equal(['--address=unix:path=/run/user/1000/bus', '--timeout=5', 'call']);
  });

  it('moves the launcher into a scope of its own, delegated, of which nothing stays', () => {
    const text = call.join(' ');
    expect(text).to.contain('StartTransientUnit ssa(sv)a(sa(sv)) orlop-42.scope fail 5 ');
    expect(text).to.contain(
      ' PIDs au 1 42 Delegate b true CollectMode s inactive-or-failed TasksMax t 18446744073709551615 ',
    );
  });

  it('has as many arguments as its signature has values', () => {
    const { length } = ['name', 'mode', 'count of properties', 'count of units'];
    // A property is a name, a type and a value; the array of process IDs has a count before it.
    expect(call.slice(8)).to.have.length(length + 5 * 3 + 1);
    expect(call.at(-1)).to.equal('0');
  });
});

describe('the scope that a launcher is in', () => {
  const scope = `/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/${scopeName(42)}`;

  it('is known by its name, from its cgroup or one below', () => {
    expect(scopeIn(scope, 42)).to.equal(scope);
    expect(scopeIn(`${scope}/program`, 42)).to.equal(scope);
  });

  it('is none where the name is that of another, or only begins so', () => {
    expect(scopeIn(scope, 4)).to.equal(null);
    expect(scopeIn(`${scope}s`, 42)).to.equal(null);
    expect(scopeIn('/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope', 42)).to.equal(null);
  });
});
