/**
 * A gateway of OpenShell for tests: a real gRPC server with real client certificates, whose messages are made from the field numbers
 * of OpenShell's published interface, by another library call than those that read them. What it was asked is kept.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { parse } from 'yaml';
import { Authority } from './certificates';

const root = new protobuf.Root();
root.resolvePath = (_, target) => join(import.meta.dirname, target);
root.loadSync('openshell-gateway.proto', { keepCase: true });

export function encoded(type: string, value: object): Buffer {
  const found = root.lookupType(type);
  return Buffer.from(found.encode(found.fromObject(value)).finish());
}

export interface HeldSandbox {
  readonly id: string;
  readonly name: string;
  readonly workspace?: string;
  /** As a policy file has it; null: it keeps none, and would write one down if it were asked for the policy in force. */
  policy: string | null;
  revision?: number;
  /** PolicyStatus: 1 pending, 2 loaded, 3 failed. */
  load?: number;
  loadError?: string;
  active?: number;
  /** PolicySource: 1 of the sandbox, 2 of the whole gateway. */
  source?: number;
}

export type Fault = 'hangs' | 'huge' | 'garbled' | 'unauthenticated' | 'denied' | 'unimplemented' | 'hostile';

export class FakeGateway implements AsyncDisposable {
  /** Methods, in the order in which they were asked, and what for. */
  readonly asked: string[] = [];
  version = '0.0.111';
  fault: Fault | null = null;
  readonly sandboxes: HeldSandbox[] = [];
  readonly authority = new Authority('test authority');
  port = 0;
  #server = new Server();

  /** `names`: what its certificate says that it may be called by. */
  static async start(names: readonly string[] = ['localhost', '127.0.0.1'], port = 0): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    const { certificate, key } = gateway.authority.sign('gateway', names);
    const pair = { private_key: Buffer.from(key), cert_chain: Buffer.from(certificate) };
    await gateway.#listen(ServerCredentials.createSsl(Buffer.from(gateway.authority.certificate), [pair], true), port);
    return gateway;
  }

  static async plain(): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    await gateway.#listen(ServerCredentials.createInsecure(), 0);
    return gateway;
  }

  async #listen(credentials: ServerCredentials, port: number): Promise<void> {
    const method = (name: string, answer: (bytes: Buffer) => Buffer): object => ({
      [name]: {
        path: `/openshell.v1.OpenShell/${name}`,
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes: Buffer) => bytes,
        requestSerialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
        answer,
      },
    });
    const methods = {
      ...method('Health', () => encoded('openshell.v1.HealthResponse', { status: 1, version: this.version })),
      ...method('GetSandbox', (bytes) => this.#sandbox(bytes)),
      ...method('GetSandboxPolicyStatus', (bytes) => this.#status(bytes)),
      ...method('GetSandboxConfig', (bytes) => this.#config(bytes)),
    } as Record<string, { answer: (bytes: Buffer) => Buffer }>;
    const handlers = Object.fromEntries(
      Object.entries(methods).map(([name, { answer }]) => [
        name,
        (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => this.#answer(name, call.request, answer, done),
      ]),
    );
    this.#server.addService(methods as never, handlers as never);
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
    });
  }

  #answer(name: string, request: Buffer, answer: (bytes: Buffer) => Buffer, done: sendUnaryData<Buffer>): void {
    this.asked.push(name);
    const asked = name !== 'Health';
    if (this.fault === 'hangs') return;
    if (asked && this.fault === 'huge') done(null, Buffer.alloc(3 * 1024 * 1024));
    else if (asked && this.fault === 'garbled') done(null, Buffer.from('0a ff ff ff ff 0f 41'.replaceAll(' ', ''), 'hex'));
    else if (asked && this.fault === 'unauthenticated') done({ code: status.UNAUTHENTICATED, details: 'missing bearer token' });
    else if (asked && this.fault === 'denied') done({ code: status.PERMISSION_DENIED, details: 'scope config:read is missing' });
    else if (asked && this.fault === 'unimplemented') done({ code: status.UNIMPLEMENTED, details: '' });
    else if (asked && this.fault === 'hostile')
      done({ code: status.INTERNAL, details: `\u001b]0;x\u0007[click](command:evil) $(bug) \u202e${'x'.repeat(3000)}` });
    else
      try {
        done(null, answer(request));
      } catch (error) {
        done(error as { code: number; details: string });
      }
  }

  get #byName(): boolean {
    return !this.version.startsWith('0.0.');
  }

  #held(fits: (one: HeldSandbox) => boolean): HeldSandbox {
    const found = this.sandboxes.find(fits);
    if (found === undefined) throw { code: status.NOT_FOUND, details: 'sandbox not found' };
    return found;
  }

  #named(name: unknown, workspace: unknown): HeldSandbox {
    return this.#held((one) => one.name === name && (one.workspace ?? 'default') === (workspace === '' ? 'default' : workspace));
  }

  #sandbox(bytes: Buffer): Buffer {
    const { name, workspace_scope: scope } = decoded('openshell.v1.GetSandboxRequest', bytes);
    const { id } = this.#named(name, (scope as { workspace?: string } | undefined)?.workspace);
    return encoded('openshell.v1.SandboxResponse', {
      sandbox: { metadata: { id, name: name as string }, spec: { environment: { API_TOKEN: 'hush-hush' } } },
    });
  }

  #status(bytes: Buffer): Buffer {
    const asked = decoded(this.#byName ? 'openshell.v1.ByNameStatusRequest' : 'openshell.v1.ByIdStatusRequest', bytes);
    const scope = asked['workspace_scope'] as { workspace?: string } | undefined;
    const held = this.#named(asked['name'] ?? asked['sandbox'], this.#byName ? scope?.workspace : asked['workspace']);
    if (held.policy === null) throw { code: status.NOT_FOUND, details: 'no policy revision found for this sandbox' };
    const { revision = 4, load = 2, loadError = '', active = revision } = held;
    return encoded('openshell.v1.StatusResponse', {
      revision: { version: revision, status: load, load_error: loadError, policy_hash: 'of the file alone' },
      active_version: active,
    });
  }

  #config(bytes: Buffer): Buffer {
    const asked = decoded(this.#byName ? 'openshell.v1.ByNameConfigRequest' : 'openshell.v1.ByIdConfigRequest', bytes);
    const scope = asked['workspace_scope'] as { workspace?: string } | undefined;
    const held = this.#byName ? this.#named(asked['name'], scope?.workspace) : this.#held(({ id }) => id === asked['sandbox_id']);
    const { revision = 4, source = 1 } = held;
    const policy = held.policy === null ? undefined : wirePolicy(held.policy, this.#byName);
    return encoded(this.#byName ? 'openshell.v1.ByNameConfigResponse' : 'openshell.v1.ConfigResponse', {
      policy,
      version: revision,
      policy_hash: 'sha256-of-it',
      policy_source: source,
      ...(source === 2 ? { global_policy_version: 7 } : {}),
      ...(this.#byName ? {} : { settings: { some: Buffer.from('0801', 'hex') }, config_revision: 12345 }),
    });
  }

  /** What OpenShell's command would have registered for it, below a configuration directory. */
  register(config: string, name: string, metadata: object = {}): string {
    const directory = join(config, 'openshell/gateways', name);
    mkdirSync(join(directory, 'mtls'), { recursive: true });
    writeFileSync(
      join(directory, 'metadata.json'),
      JSON.stringify({ name, gateway_endpoint: `https://127.0.0.1:${this.port}`, is_remote: false, gateway_port: this.port, ...metadata }),
    );
    const { certificate, key } = this.authority.sign('client');
    writeFileSync(join(directory, 'mtls/ca.crt'), this.authority.certificate);
    writeFileSync(join(directory, 'mtls/tls.crt'), certificate);
    writeFileSync(join(directory, 'mtls/tls.key'), key, { mode: 0o600 });
    return directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    await Promise.resolve();
  }
}

function decoded(type: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  const found = root.lookupType(type);
  return found.toObject(found.decode(bytes), { longs: Number }) as Readonly<Record<string, unknown>>;
}

const numbers = {
  tls: ['', 'skip', 'terminate', 'passthrough'],
  enforcement: ['', 'enforce', 'audit'],
  access: ['', 'read-only', 'read-write', 'full'],
};

/** A policy file as the gateway keeps it: its own names for some things, ports in two fields. */
export function wirePolicy(text: string, byName = false): object {
  const { filesystem_policy: filesystem, ...policy } = parse(text) as Record<string, unknown> & {
    network_policies?: Record<string, { endpoints?: Record<string, unknown>[]; binaries?: (string | object)[] }>;
  };
  for (const rule of Object.values(policy.network_policies ?? {})) {
    rule.endpoints = (rule.endpoints ?? []).map((endpoint) => {
      const ports = (endpoint['ports'] ?? (endpoint['port'] === undefined ? [] : [endpoint['port']])) as number[];
      const { json_rpc: jsonRpc, ...rest } = endpoint;
      const made: Record<string, unknown> = { ...rest, port: ports[0] ?? 0, ports };
      if (jsonRpc !== undefined) made['json_rpc_max_body_bytes'] = (jsonRpc as { max_body_bytes: number }).max_body_bytes;
      if (byName) for (const [word, values] of Object.entries(numbers)) made[word] = Math.max(0, values.indexOf(String(made[word] ?? '')));
      return made;
    });
    rule.binaries = (rule.binaries ?? []).map((one) => (typeof one === 'string' ? { path: one } : one));
  }
  return filesystem === undefined ? policy : { ...policy, filesystem };
}
