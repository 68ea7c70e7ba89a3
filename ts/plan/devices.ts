/** A character device that reaches no hardware: every container may open it. */
export interface Device {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** Devices in the `/dev` of every container. */
export const defaultDevices: readonly Device[] = [
  { name: 'null', major: 1, minor: 3 },
  { name: 'zero', major: 1, minor: 5 },
  { name: 'full', major: 1, minor: 7 },
  { name: 'random', major: 1, minor: 8 },
  { name: 'urandom', major: 1, minor: 9 },
  { name: 'tty', major: 5, minor: 0 },
];
