/** What processes and containers use, by the kernel's own counters. Linux only, as the bed is. */
import { existsSync, readFileSync } from 'node:fs';
import { docker } from '../bed/bed';

const KIB = 1024;

export interface Memory {
  readonly resident: number;
  /** The most it ever was. */
  readonly peak: number;
  /** Of `resident`, what is its own, not files that others map too. */
  readonly own: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) * KIB;
  return { resident: field('VmRSS'), peak: field('VmHWM'), own: field('RssAnon') };
}

/** Seconds of a processor that it used so far. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / 100;
}

/** Process ids, as this machine sees them, of the container's processes whose arguments hold `text`. */
export function processesIn(containerId: string, text: string): readonly number[] {
  return docker('top', containerId, '-eo', 'pid,args')
    .split('\n')
    .filter((row) => row.includes(text))
    .map((row) => Number(row.trim().split(/\s+/)[0]))
    .filter((pid) => existsSync(`/proc/${pid}/status`));
}

export function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
