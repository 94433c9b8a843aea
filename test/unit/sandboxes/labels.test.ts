/** The one table of what OpenShell calls its things. */
import { describe, expect, it } from 'vitest';
import { LABEL_PREFIXES, labelOf, supervisorLogFile } from '../../../server/src/attach/labels';

describe('the names OpenShell gives', () => {
  it.each(LABEL_PREFIXES)('labels that begin with %s', (prefix) => {
    expect(labelOf({ [`${prefix}sandbox-id`]: 'a', [`${prefix}sandbox-name`]: '' }, 'sandbox-id')).toBe('a');
    expect(labelOf({ [`${prefix}sandbox-name`]: '' }, 'sandbox-name')).toBeNull();
  });

  it.each([
    ['openshell.2026-09-24.log', 'shorthand', '2026-09-24'],
    ['openshell.log', 'shorthand', null],
    ['openshell-ocsf.2026-09-24.log', 'ocsf-json', '2026-09-24'],
    ['ryno.2026-10-30.log', 'shorthand', '2026-10-30'],
    ['ryno-ocsf.2026-10-30.log', 'ocsf-json', '2026-10-30'],
    ['openshell.rotated.log', 'shorthand', null],
  ] as const)('the log file %s', (name, kind, day) => {
    expect(supervisorLogFile(name)).toEqual({ kind, day });
  });

  it.each([
    'openshell.2026-09-24.log.gz',
    'my-openshell.2026-09-24.log',
    'gateway.log',
    'openshell',
    'openshell./../x.log',
    'opénshell.log',
  ])('but %s is none of its log files', (name) => {
    expect(supervisorLogFile(name)).toBeNull();
  });
});
