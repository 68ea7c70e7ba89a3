// A program that uses orlop, for tests that kill it or run several: life-worker.ts ROOT RUN WHAT [ARGUMENT].
import { once } from 'node:events';
import { pauseContainer } from '../../ts/containers/pause/pause.ts';
import { Orlop } from '../../ts/index.ts';
import { loadNative } from '../../ts/native/binding.ts';
import { ContainerStore } from '../../ts/record/container-store.ts';
import { Store } from '../../ts/store/store.ts';
import { otherUser } from './require.ts';

const [root, run, what, argument = '', ...more] = process.argv.slice(2);
const say = (value: unknown): void => console.log(JSON.stringify(value));

/** Runs one container of each kind, and exits in the way that a line on standard input names. */
async function end(orlop: Orlop): Promise<void> {
  const options = { volumes: ['/data'] };
  const script = 'trap "exit 41" TERM; echo ready; while :; do sleep 0.05; done';
  const ephemeral = await orlop.create('busybox', ['sh', '-c', script], { ...options, rm: true });
  // A change of the user clears the parent-death signal, prctl(2).
  const durable = await orlop.create('busybox', ['sleep', '1000'], { ...options, user: otherUser() });
  const unstarted = await orlop.create('busybox', ['sleep', '1000'], { ...options, rm: true });
  const quiet = { stdout: 'ignore', stderr: 'ignore' } as const;
  const [one, two] = [await ephemeral.start({ stderr: 'ignore' }), await durable.start(quiet)];
  if (one.stdout !== null) await once(one.stdout, 'data');
  say({ pids: [one.pid, two.pid], durable: durable.id, ephemeral: [ephemeral.id, unstarted.id] });
  const [line] = await once(process.stdin, 'data');
  if (`${line}`.startsWith('exit')) process.exit(3);
  if (`${line}`.startsWith('throw')) throw new Error('thrown by the test');
}

/** Runs a script in the PID namespace of the host, and ends when the container has, or is killed. */
async function hostPid(orlop: Orlop): Promise<void> {
  const container = await orlop.create('busybox', ['sh', '-c', argument], { pid: 'host', rm: true });
  const running = await container.start({ stdout: 'ignore', stderr: 'ignore' });
  say({ pid: running.pid, id: container.id });
  const [line] = await Promise.race([once(process.stdin, 'data'), running.exited.then(() => ['ended'])]);
  if (`${line}`.startsWith('kill')) running.kill('SIGKILL');
  if (`${line}`.startsWith('exit')) process.exit(3);
  say(await running.exited);
  process.stdin.destroy();
  await orlop.close();
}

/** Runs many containers at once, each with an anonymous volume, and says how many gave their output. */
async function anonymous(orlop: Orlop): Promise<void> {
  const runs = Array.from({ length: Number(argument) }, () =>
    orlop.run('busybox', ['echo', 'done'], { volumes: ['/w'] }).then(
      ({ stdout }) => stdout,
      (error: unknown) => `${error}`,
    ),
  );
  say(await Promise.all(runs));
  await orlop.close();
}

/** Makes many containers, each with an anonymous volume, and waits for a kill. */
async function sleeping(orlop: Orlop): Promise<void> {
  for (let i = 0; i < Number(argument); i++) await orlop.create('busybox', ['true'], { rm: true, volumes: ['/w'] });
  say('made');
  await once(process.stdin, 'data');
}

/** Runs a container, then has no work left, without closing anything. */
async function idle(orlop: Orlop): Promise<void> {
  const { stdout } = await orlop.run('busybox', ['echo', 'done']);
  const container = await orlop.create('busybox', ['true'], { rm: true });
  await (await container.start()).exited;
  say(stdout);
}

/** Starts containers with a source that hangs, then exits: by process.exit, or by itself after the starts timed out. */
async function hang(orlop: Orlop): Promise<void> {
  const timeout = more[0] === 'exit' ? undefined : 500;
  const starts = [1, 2, 3, 4, 5].map(() => orlop.run('busybox', ['true'], { volumes: [`${argument}:/in`], timeout }));
  await orlop.run('busybox', ['true']);
  if (more[0] === 'exit') process.exit(3);
  await Promise.allSettled(starts);
}

/** Runs, makes, commits and removes in a loop until a line on standard input. */
async function churn(orlop: Orlop): Promise<void> {
  let [goOn, done] = [true, 0];
  process.stdin.once('data', () => {
    goOn = false;
    process.stdin.destroy();
  });
  for (; goOn; done++) {
    const name = `${argument}-${done}`;
    await orlop.volumes.create(name);
    const options = { name, volumes: [`${name}:/own`, 'shared:/shared', '/anonymous'] };
    const container = await orlop.create(
      'busybox',
      ['sh', '-c', `echo ${name} | tee /own/f > /shared/${name}`],
      options,
    );
    const status = await (await container.start({ stderr: 'inherit' })).exited;
    if (status.exitCode !== 0) throw new Error(`${name} ended with ${status.exitCode}`);
    if (done % 3 === 0) await container.commit(`image-${argument}:latest`);
    await orlop.volumes.prune();
    if (done % 2 === 0) await container.remove({ volumes: true });
    const { stdout } = await orlop.run('busybox', ['cat', '/own/f'], { volumes: [`${name}:/own`] });
    if (stdout !== `${name}\n`) throw new Error(`volume ${name} holds '${stdout}'`);
    if (done % 2 === 0) await orlop.volumes.remove(name);
    say({ done });
  }
  say({ total: done });
}

/** Commits a container of another program. */
async function commit(orlop: Orlop): Promise<void> {
  const container = await orlop.container(argument);
  say(await container.commit(more[0] ?? null));
}

/** Pauses a container until a kill, or a line on standard input. */
async function pause(): Promise<void> {
  const native = loadNative();
  const store = await Store.open({ root, run, native });
  const held = await pauseContainer(store, await new ContainerStore(store).find(argument));
  say(held === null ? 'ended' : 'paused');
  await once(process.stdin, 'data');
  process.stdin.destroy();
  await held?.[Symbol.asyncDispose]();
}

const works: Record<string, (orlop: Orlop) => Promise<void>> = {
  end,
  hostPid,
  anonymous,
  sleeping,
  idle,
  hang,
  churn,
  commit,
  pause,
};
const work = works[what ?? ''];
if (work === undefined) throw new Error(`no work '${what}'`);
await work(await Orlop.open({ root, run }));
