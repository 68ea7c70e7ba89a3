import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

/** Starts a Worker that runs a TypeScript file. It gets no loader from its parent: it registers one first. */
export function typescriptWorker(file: string, workerData: unknown): Worker {
  const source = `import('tsx/esm/api')
    .then(({ register }) => { register(); return import(${JSON.stringify(resolve(file))}); })
    .catch((error) => setImmediate(() => { throw error; }));`;
  return new Worker(source, { eval: true, workerData });
}
