/**
 * The few messages of OpenShell's gateway that are read and written here, by their field numbers. The numbers are from the published
 * interface of OpenShell (`proto/openshell.proto`, `proto/sandbox.proto`, `proto/datamodel.proto`; Apache-2.0), versions 0.0.25 to
 * 0.1.5. What a version changed is in this file alone: see `dialectOf`. Fields that are not known are counted, never guessed.
 */
import { assertNever } from '../model/assertNever';
import { policyOf } from './policyMessages';
import type { SandboxPolicy } from './policyMessages';
import { readMessage, writeMessage } from './wire';
import type { WireField } from './wire';

const service = '/openshell.v1.OpenShell';
/** Each of them only reads. */
export const methods = {
  health: `${service}/Health`,
  sandbox: `${service}/GetSandbox`,
  policyStatus: `${service}/GetSandboxPolicyStatus`,
  config: `${service}/GetSandboxConfig`,
} as const;
export type Method = (typeof methods)[keyof typeof methods];

/** `by-id`: a policy is asked for by the id of its sandbox (0.0.x); `by-name`: by its name within a workspace (since 0.1). */
export type Dialect = 'by-id' | 'by-name';

/** null: no version that is known. */
export function dialectOf(version: string): Dialect | null {
  const [, major, minor] = /^v?(\d{1,4})\.(\d{1,4})\.\d/.exec(version) ?? [];
  if (major === undefined || minor === undefined) return null;
  return major === '0' && minor === '0' ? 'by-id' : 'by-name';
}

/** A sandbox, as the labels of its container tell. */
export interface AskedSandbox {
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
}

export function healthRequest(): Uint8Array {
  return writeMessage({});
}

/** HealthResponse: version = 2. */
export function healthVersion(bytes: Uint8Array): string {
  return readMessage(bytes, (fields) => {
    let version = '';
    for (const field of fields) if (field.number === 2) version = field.text();
    return version;
  });
}

/** GetSandboxRequest: name = 1, workspace_scope = 2 (WorkspaceSelector: workspace = 1). Asked since 0.1 alone. */
export function sandboxRequest({ name, workspace }: AskedSandbox): Uint8Array {
  return writeMessage({ 1: name, 2: { 1: workspace } });
}

/** SandboxResponse: sandbox = 1; Sandbox: metadata = 1; ObjectMeta: id = 1. All else, among it what was set up for it, is passed over. */
export function sandboxId(bytes: Uint8Array): string {
  const first = <T>(fields: Iterable<WireField>, otherwise: T, read: (field: WireField) => T): T => {
    let found = otherwise;
    for (const field of fields) if (field.number === 1) found = read(field);
    return found;
  };
  return readMessage(bytes, (response) =>
    first(response, '', (sandbox) =>
      sandbox.message((parts) => first(parts, '', (metadata) => metadata.message((says) => first(says, '', (id) => id.text())))),
    ),
  );
}

/** GetSandboxPolicyStatusRequest: name = 1, workspace = 4; since 0.1 sandbox = 1, workspace_scope = 4. Without a version: the newest. */
export function policyStatusRequest({ name, workspace }: AskedSandbox, dialect: Dialect): Uint8Array {
  return writeMessage({ 1: name, 4: dialect === 'by-id' ? workspace : { 1: workspace } });
}

/** `superseded`: a newer one came before the sandbox took it. */
export type LoadStatus = 'pending' | 'loaded' | 'failed' | 'superseded' | 'unknown';

export interface PolicyStatus {
  readonly revision: number;
  readonly load: LoadStatus;
  /** Of the gateway: untrusted. */
  readonly loadError: string;
  /** The revision that the sandbox runs with; 0: it told of none. */
  readonly active: number;
}

const loadStatuses: Readonly<Record<number, LoadStatus>> = { 1: 'pending', 2: 'loaded', 3: 'failed', 4: 'superseded' };

/** GetSandboxPolicyStatusResponse: revision = 1, active_version = 2; SandboxPolicyRevision: version = 1, status = 3, load_error = 4. */
export function policyStatus(bytes: Uint8Array): PolicyStatus {
  return readMessage(bytes, (fields) => {
    let [revision, load, loadError, active]: [number, LoadStatus, string, number] = [0, 'unknown', '', 0];
    for (const field of fields) {
      if (field.number === 2) active = field.number32();
      if (field.number === 1)
        field.message((parts) => {
          for (const part of parts) {
            if (part.number === 1) revision = part.number32();
            else if (part.number === 3) load = loadStatuses[part.number32()] ?? 'unknown';
            else if (part.number === 4) loadError = part.text();
          }
        });
    }
    return { revision, load, loadError, active };
  });
}

/** GetSandboxConfigRequest: sandbox_id = 1; since 0.1 name = 1, workspace_scope = 3. */
export function configRequest({ id, name, workspace }: AskedSandbox, dialect: Dialect): Uint8Array {
  switch (dialect) {
    case 'by-id':
      return writeMessage({ 1: id });
    case 'by-name':
      return writeMessage({ 1: name, 3: { 1: workspace } });
    default:
      return assertNever(dialect);
  }
}

export interface SandboxConfig {
  /** null: it keeps none. */
  readonly policy: SandboxPolicy | null;
  readonly revision: number;
  readonly hash: string;
  /** `global`: one policy of the gateway, for all of its sandboxes. */
  readonly source: 'sandbox' | 'global' | 'unknown';
  readonly globalRevision: number;
}

/**
 * GetSandboxConfigResponse: policy = 1, version = 2, policy_hash = 3, policy_source = 6, global_policy_version = 7. What else is in
 * it (settings, services, fingerprints of credentials) is passed over.
 */
export function sandboxConfig(bytes: Uint8Array): SandboxConfig {
  return readMessage(bytes, (fields) => {
    let policy: SandboxPolicy | null = null;
    let [revision, hash, source, globalRevision]: [number, string, SandboxConfig['source'], number] = [0, '', 'unknown', 0];
    for (const field of fields) {
      if (field.number === 1) policy = field.message(policyOf);
      else if (field.number === 2) revision = field.number32();
      else if (field.number === 3) hash = field.text();
      else if (field.number === 6) source = ({ 1: 'sandbox', 2: 'global' } as const)[field.number32()] ?? 'unknown';
      else if (field.number === 7) globalRevision = field.number32();
    }
    return { policy, revision, hash, source, globalRevision };
  });
}
