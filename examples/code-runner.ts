// Runs scripts that strangers send: curl --data-binary 'echo $((6 * 7))' localhost:8080
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { availableParallelism } from 'node:os';
import { buffer } from 'node:stream/consumers';
import { Orlop } from 'orlop';

const { IMAGE = 'busybox', PORT = '8080', TIMEOUT = '10000' } = process.env;
const orlop = await Orlop.open();
const waiting = new Set<{ client: string; begin: () => void }>();
const running = new Set<string>();

/** Begins a run: one of each client at once, and in all as many as there are processors. */
function beginNext(): void {
  const next = [...waiting].find(({ client }) => !running.has(client));
  if (next === undefined || running.size >= availableParallelism()) return;
  waiting.delete(next);
  running.add(next.client);
  next.begin();
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  if (request.method !== 'POST') return response.writeHead(405).end();
  if (!(Number(request.headers['content-length']) <= 65_536)) return response.writeHead(413).end();
  const input = await buffer(request);
  const client = request.socket.remoteAddress ?? '';
  if ([...waiting].filter((one) => one.client === client).length >= 100) return response.writeHead(429).end();
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  await new Promise<void>((begin) => {
    waiting.add({ client, begin });
    beginNext();
  });
  const run = orlop.sandbox(IMAGE, ['sh'], { input, timeout: Number(TIMEOUT), signal: gone.signal });
  const outcome = await run.finally(() => {
    running.delete(client);
    beginNext();
  });
  const { stdout, stderr, exitCode, signal, timedOut, limit, usage, error } = outcome;
  const status = timedOut ? 'TO' : signal ? 'SG' : error ? 'XX' : exitCode === 0 ? 'OK' : 'RE';
  if (status === 'XX' && !gone.signal.aborted) console.error(error);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status, stdout, stderr, exitCode, timedOut, limit, usage }));
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.listen(Number(PORT), () => console.log(server.address()));
process.once('SIGTERM', () => orlop.close().finally(() => process.exit()));
