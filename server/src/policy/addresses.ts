/**
 * Destinations that no quick fix ever opens: what OpenShell guards against requests forged on the server's side, and whatever else
 * leads to this machine or the networks around it. A name is judged by its spelling alone; it is never looked up.
 */
import { BlockList, isIP } from 'node:net';

/** Ports of a cluster's control plane, which the supervisor blocks whatever the policy says. */
const controlPlanePorts: ReadonlySet<number> = new Set([2379, 2380, 6443, 10250, 10255]);

const special: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  // The host that Azure's machines ask of themselves.
  ['168.63.129.16', 32, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // Of IPv6 only what is given out to be routed is not special, and not what holds an IPv4 address in it.
  ['::', 3, 'ipv6'],
  ['4000::', 2, 'ipv6'],
  ['8000::', 1, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];
/** Apart: one list would take an IPv4 address for the IPv6 one that it can be written as. */
const internal = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, bits, family] of special) internal[family].addSubnet(network, bits, family);

const always = new BlockList();
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['0.0.0.0', 32],
] as const)
  always.addSubnet(network, bits, 'ipv4');
always.addSubnet('fe80::', 10, 'ipv6');
always.addAddress('::1', 'ipv6');
always.addAddress('::', 'ipv6');

const localNames =
  /(?:^|\.)(?:localhost6?|local|localdomain6?|internal|intranet|lan|home|corp|private|home\.arpa|svc|cluster|test|invalid|onion)$/;
/** What a cloud's machines and a cluster's own ask of themselves. */
const selfNames = /^(?:metadata\.goog|metadata\.azure\.com|kubernetes\.default)$/;
/** Public names made to resolve to this machine, or to whatever address is written in them. */
const aliasNames = /(?:^|\.)(?:localtest\.me|lvh\.me|vcap\.me|lacolhost\.com|nip\.io|sslip\.io|xip\.io|traefik\.me)$/;
/** An address within a name, such as `app-10-0-0-7.example.com`; overlapping ones too. */
const addressWithin = /(?<!\d)(?=(\d{1,3})([.-])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?!\d))/g;
const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;

export type Reach = 'public' | 'private' | 'not-a-host';

/** Where a destination lies, as far as its spelling tells. */
export function reachOf(host: string, port: number): Reach {
  const name = host.toLowerCase().replace(/\.$/, '');
  const version = isIP(name);
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (version !== 0) return controlPlanePorts.has(port) || internal[family].check(name, family) ? 'private' : 'public';
  if (!hostName.test(name)) return name.includes('.') || name === '' ? 'not-a-host' : 'private';
  // `0x7f.1`, `2130706433`, `010.0.0.1`: programs read them as addresses.
  if (/^(?:0x[0-9a-f]*|\d+)$/.test(name.slice(name.lastIndexOf('.') + 1))) return 'not-a-host';
  const local = localNames.test(name) || selfNames.test(name) || aliasNames.test(name) || holdsInternal(name);
  return local || controlPlanePorts.has(port) ? 'private' : 'public';
}

function holdsInternal(name: string): boolean {
  return [...name.matchAll(addressWithin)].some(([, a, , b, c, d]) => {
    const address = [a, b, c, d].map(Number).join('.');
    return isIP(address) === 4 && internal.ipv4.check(address, 'ipv4');
  });
}

/** Blocked by the supervisor whatever the policy says. */
export function alwaysBlocked(host: string, port: number): boolean {
  const name = host.toLowerCase();
  const version = isIP(name);
  return controlPlanePorts.has(port) || name === 'localhost' || (version !== 0 && always.check(name, version === 4 ? 'ipv4' : 'ipv6'));
}
