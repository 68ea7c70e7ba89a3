/** What the benchmark needs is not there; the message says how to get it. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
}
