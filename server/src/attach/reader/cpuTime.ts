/** Processor time of this process in milliseconds: what a rest is measured by. On a busy machine a clock tells how long others took. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
