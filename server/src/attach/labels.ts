/**
 * How OpenShell marks its containers and names its log files. It has renamed both before and is about to again, so all of that is in
 * this one table, and nowhere else.
 */

interface Naming {
  /** Before the name of each label. */
  readonly labels: string;
  /** First part of the names of its containers, and of the log files that its supervisor keeps under /var/log. */
  readonly prefix: string;
}

const NAMINGS: readonly Naming[] = [
  { labels: 'openshell.ai/', prefix: 'openshell' },
  { labels: 'openshell.io/', prefix: 'openshell' },
  { labels: 'ryno.ai/', prefix: 'ryno' },
];

export const LABEL_PREFIXES: readonly string[] = NAMINGS.map(({ labels }) => labels);

/** Of the names of containers and log files; each once. */
export const NAME_PREFIXES: readonly string[] = [...new Set(NAMINGS.map(({ prefix }) => prefix))];

export type LabelName = 'sandbox-id' | 'sandbox-name' | 'sandbox-namespace' | 'sandbox-workspace' | 'gateway-id' | 'isolation-role';

/** null: no such label, under any prefix. */
export function labelOf(labels: Readonly<Record<string, unknown>>, name: LabelName): string | null {
  for (const prefix of LABEL_PREFIXES) {
    const value = labels[prefix + name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

const LOG_FILE = new RegExp(`^(?:${NAME_PREFIXES.join('|')})(-ocsf)?\\.(?:([^/]*)\\.)?log$`);
const DAY = /^\d{4}-\d\d-\d\d$/;

export interface SupervisorLogFile {
  /** `shorthand`: one line for each event; `ocsf-json`: the whole event as one line of JSON, only while that is switched on. */
  readonly kind: 'shorthand' | 'ocsf-json';
  /** Day of a file that is changed daily, as YYYY-MM-DD; null: its name tells none. */
  readonly day: string | null;
}

/** What a file of this name under /var/log holds; null: none of the supervisor's. */
export function supervisorLogFile(name: string): SupervisorLogFile | null {
  const match = LOG_FILE.exec(name);
  if (!match) return null;
  const day = match[2] ?? '';
  return { kind: match[1] === undefined ? 'shorthand' : 'ocsf-json', day: DAY.test(day) ? day : null };
}
