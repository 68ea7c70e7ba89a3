/** Target of a standard stream: the caller's stream, nothing, a pipe, or a descriptor. */
export type Stdio = 'inherit' | 'ignore' | 'pipe' | number;

export interface StdioRequest {
  readonly stdin: Stdio;
  readonly stdout: Stdio;
  /** 'stdout': the same descriptor as stdout, so that the order of writes to both is kept. */
  readonly stderr: Stdio | 'stdout';
}
