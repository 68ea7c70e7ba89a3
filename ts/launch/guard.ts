import { closeSync, openSync } from 'node:fs';
import { RequestError } from '../errors/index.ts';
import type { Native, NativeProcess } from '../native/contract.ts';
import { openHelper } from '../native/helper.ts';
import { guardPlan } from '../plan/guard.ts';
import { launch } from './launch.ts';
import { type PreparedForm, prepareForm } from './prepared-start.ts';

const forms = new WeakMap<Native, PreparedForm>();

/** Times that a guard is started: something may kill it, a process of the container for example. */
const attempts = 3;

/**
 * A process that ends all processes of a cgroup: when the program is gone, or calls `end`. A container in the caller's
 * PID namespace has one, because the kernel does not end its processes with the application.
 */
export class Guard {
  readonly #native: Native;
  readonly #directory: string;
  readonly #process: NativeProcess;
  /** The program's end of a pipe, whose close the guard notices. */
  readonly #lease: number;
  #ended: Promise<void> | null = null;

  private constructor(native: Native, directory: string, process: NativeProcess, lease: number) {
    this.#native = native;
    this.#directory = directory;
    this.#process = process;
    this.#lease = lease;
  }

  /**
   * Starts the guard of the cgroup with this directory.
   *
   * @throws a system error: ENOENT if there is no such cgroup; RequestError, LaunchError as a start does
   */
  static async start(native: Native, directory: string): Promise<Guard> {
    const group = openSync(directory, 'r');
    try {
      const program = openHelper();
      try {
        return await Guard.#launch(native, directory, [group, program]);
      } finally {
        closeSync(program);
      }
    } finally {
      closeSync(group);
    }
  }

  static async #launch(native: Native, directory: string, files: readonly number[]): Promise<Guard> {
    const form = forms.get(native) ?? prepareForm(native, guardPlan(), {});
    forms.set(native, form);
    const [end, lease] = native.pipe();
    try {
      const { process } = await launch(native, form, { values: [], descriptors: [end, ...files] });
      return new Guard(native, directory, process, lease);
    } catch (error) {
      native.closeSync(lease);
      throw error;
    } finally {
      native.closeSync(end);
    }
  }

  /**
   * Resolves when no process is left in the cgroup.
   *
   * @throws RequestError ORLOP_E_KERNEL if it cannot be emptied
   */
  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#native.closeSync(this.#lease);
    if (await this.#hasEmptied()) return;
    for (let attempt = 2; attempt <= attempts; attempt++) {
      const other = await Guard.#restart(this.#native, this.#directory);
      if (other === null) return;
      this.#native.closeSync(other.#lease);
      if (await other.#hasEmptied()) return;
    }
    throw new RequestError(
      'ORLOP_E_KERNEL',
      `the processes in the control group '${this.#directory}' cannot be ended`,
      {
        hint: `end them yourself: echo 1 > ${this.#directory}/cgroup.kill`,
      },
    );
  }

  /** Null: the cgroup is gone. */
  static async #restart(native: Native, directory: string): Promise<Guard | null> {
    try {
      return await Guard.start(native, directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** False if something else has ended the guard. */
  async #hasEmptied(): Promise<boolean> {
    const { code } = await this.#native.wait(this.#process);
    return code === 0;
  }

  /** Ends all processes of a cgroup, which may be gone. Throws as `end`. */
  static async endGroup(native: Native, directory: string): Promise<void> {
    const guard = await Guard.#restart(native, directory);
    await guard?.end();
  }
}
