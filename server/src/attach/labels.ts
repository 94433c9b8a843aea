/**
 * How OpenShell marks its containers. The prefix has changed before and is about to change again, so all of them are here, and
 * nowhere else.
 */

export const LABEL_PREFIXES = ['openshell.ai/', 'openshell.io/', 'ryno.ai/'] as const;

export type LabelName = 'sandbox-id' | 'sandbox-name' | 'isolation-role';

/** null: no such label, under any prefix. */
export function labelOf(labels: Readonly<Record<string, unknown>>, name: LabelName): string | null {
  for (const prefix of LABEL_PREFIXES) {
    const value = labels[prefix + name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}
