/** What an application used, as far as the kernel tells: null is unknown. */
export interface Usage {
  /** Milliseconds in user mode, of all processes; without a cgroup, of those that were waited for in the container. */
  readonly userMs: number;
  /** The same in the kernel. */
  readonly systemMs: number;
  /** Milliseconds from the execution of the application to its exit. */
  readonly wallMs: number;
  /**
   * Bytes of the largest process in memory, the application or one that was waited for; null if none was larger than
   * the program that started it, which the kernel counts too.
   */
  readonly maxRssBytes: number | null;
  /** Bytes read from disks, without what was in the kernel's cache. */
  readonly ioReadBytes: number;
  /** Bytes written for disks. */
  readonly ioWriteBytes: number;
  /** Bytes of memory that the whole container has had at once, files in the kernel's cache included. */
  readonly memoryPeakBytes: number | null;
  /** Processes and threads that the container has had at once. */
  readonly pidsPeak: number | null;
}

/**
 * Limit that a run has met: `memory` (the kernel ended a process), `pids` (it refused one more), `cpuTime`, `wallTime`
 * (the time-out too), or `output` (`maxBuffer` too).
 */
export type Limit = 'memory' | 'pids' | 'cpuTime' | 'wallTime' | 'output';
