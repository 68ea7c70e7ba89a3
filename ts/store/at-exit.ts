const tasks = new Set<() => void>();

function run(): void {
  for (const task of tasks) task();
}

/**
 * Calls `task` when the program exits by itself or by `process.exit`. Shares one listener: Node warns from the eleventh
 * on.
 */
export function atExit(task: () => void): void {
  if (tasks.size === 0) process.on('exit', run);
  tasks.add(task);
}

export function notAtExit(task: () => void): void {
  tasks.delete(task);
  if (tasks.size === 0) process.off('exit', run);
}
