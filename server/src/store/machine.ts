/**
 * Where we run, as far as others who share a store must know: memory is shared within one kernel only (SQLite's log needs
 * that; homes may lie on a network), and a process id has a meaning within one of its namespaces (containers share kernels).
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export const kernel = bootId() ?? `${process.platform} ${hostname()}`;
export const machine = `${kernel} ${processes()}`;

function bootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null; // not Linux
  }
}

function processes(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return 'all'; // not Linux
  }
}

/** Does a process of this machine live? */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
