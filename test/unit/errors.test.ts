import { expect } from 'chai';
import { LaunchError, RequestError } from '../../ts/errors/index.ts';

describe('an error', () => {
  it('has no character in its message that would control a terminal', () => {
    const name = 'a\x1b[31m\x9b\u202eb';
    const shown = 'a\\u001b[31m\\u009b\\u202eb';
    const request = new RequestError('ORLOP_E_INPUT', name, { hint: name });
    const facts = { code: 'ENOENT', errno: -2, syscall: 'open', step: 'exec', exitCode: 127, path: name, hint: name };
    const launch = new LaunchError(name, facts);
    for (const error of [request, launch]) expect(error).to.include({ message: shown, hint: shown });
    expect(launch.path).to.equal(name);
  });
});
