/** What an application used, as far as the kernel tells: null is unknown. */
export interface Usage {
  /** Milliseconds in user mode, of the application and of the processes that were waited for in its container. */
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
}
