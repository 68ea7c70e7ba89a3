// A Worker that opens the store in its workerData, starts containers, reports their PIDs, and waits.
import { parentPort, workerData } from 'node:worker_threads';
import { Orlop } from '../../ts/index.ts';

const { root, run, what } = workerData as {
  root: string;
  run: string;
  what: 'hold' | 'run' | 'start' | 'create' | 'hostPid';
};
const orlop = await Orlop.open({ root, run });
if (what === 'run') {
  const { stdout } = await orlop.run('busybox', ['echo', 'from a worker'], { volumes: ['/data'] });
  parentPort?.postMessage(stdout);
} else if (what === 'hold') {
  const options = { volumes: ['/data'] };
  const ephemeral = await orlop.create('busybox', ['sleep', '1000'], { ...options, rm: true });
  const durable = await orlop.create('busybox', ['sleep', '1000'], options);
  const pids = [(await ephemeral.start()).pid, (await durable.start()).pid];
  parentPort?.postMessage({ pids, durable: durable.id });
  setInterval(() => {}, 1000);
} else if (what === 'hostPid') {
  const script = '(setsid sleep 1000 &); sleep 1000 & echo ready; exec sleep 1000';
  const container = await orlop.create('busybox', ['sh', '-c', script], { pid: 'host', rm: true });
  const { pid, stdout } = await container.start({ stderr: 'ignore' });
  stdout?.once('data', () => parentPort?.postMessage({ pid }));
} else if (what === 'create') {
  parentPort?.postMessage('creates');
  for (;;) await Promise.all([1, 2, 3].map(() => orlop.create('busybox', ['true'], { volumes: ['/a', '/b'] })));
} else {
  parentPort?.postMessage('starts');
  for (;;) await Promise.all([1, 2, 3].map(() => orlop.run('busybox', ['sleep', '0.01'])));
}
