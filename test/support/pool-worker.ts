// A program with a pool, for tests that kill it: pool-worker.ts ROOT RUN WHAT. Prints the processes of its containers.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Orlop } from '../../ts/index.ts';
import { otherUser } from './require.ts';

const [root = '', run = '', what = ''] = isMainThread ? process.argv.slice(2) : (workerData as readonly string[]);
const orlop = await Orlop.open({ root, run });
const pool = await orlop.pool('busybox', { size: 2, volumes: ['/data'] });
// Of another user, because a change of the user clears the parent-death signal, prctl(2).
const options = { volumes: ['/own'], stdout: 'ignore', user: otherUser() } as const;
const running = what === 'run' ? await pool.start(['sleep', '1000'], options) : null;
const { items } = await orlop.containers.list({ all: true });
const pids = items.flatMap(({ pid }) => pid ?? []);
if (isMainThread) console.log(JSON.stringify({ pids, running: running?.pid ?? null }));
else parentPort?.postMessage({ pids });
// `idle` has no work left: its pool must not keep it running.
if (what !== 'idle') setInterval(() => {}, 1000);
