/**
 * Asks one gateway of OpenShell for the policy that a sandbox runs with, over one connection that is closed again, by questions that
 * only read. The newest revision is asked for first: a gateway that keeps none yet would write one down when it is asked for the policy
 * in force, so then it is not asked. Everything that comes back is untrusted and bounded, and all of it has one deadline.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { Client, credentials, status } from '@grpc/grpc-js';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import { GatewayError } from './gatewayError';
import type { GatewayReason } from './gatewayError';
import {
  configRequest,
  dialectOf,
  healthRequest,
  healthVersion,
  methods,
  policyStatus,
  policyStatusRequest,
  sandboxConfig,
  sandboxId,
  sandboxRequest,
} from './openshellMessages';
import type { AskedSandbox, LoadStatus, Method, SandboxConfig } from './openshellMessages';
import type { SandboxPolicy } from './policyMessages';
import { clientCertificate } from './registered';
import type { Gateway } from './registered';

/** For all questions to a gateway together. */
export const gatewayDeadlineMs = 5_000;
/** Of one answer; a policy file may have as much. */
export const maxAnswerBytes = 1024 * 1024;
const maxMessageChars = 200;

export interface ToldPolicy {
  /** Of the gateway: untrusted. */
  readonly version: string;
  readonly policy: SandboxPolicy;
  readonly revision: number;
  readonly hash: string;
  readonly source: SandboxConfig['source'];
  readonly globalRevision: number;
  /** Of this revision; `unknown` where the gateway told of another one, or of none. */
  readonly load: LoadStatus;
  readonly loadError: string;
  /** The revision that the sandbox runs with; 0: not told. */
  readonly active: number;
}

/** Throws GatewayError. */
export async function askGateway(
  gateway: Gateway,
  sandbox: AskedSandbox,
  signal: AbortSignal,
  deadlineMs = gatewayDeadlineMs,
): Promise<ToldPolicy> {
  const until = Date.now() + deadlineMs;
  const client = new Client(target(gateway), await channelCredentials(gateway), {
    'grpc.max_receive_message_length': maxAnswerBytes,
    'grpc.max_send_message_length': 64 * 1024,
    // Not past this host, whatever the environment says of proxies.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
    'grpc.default_authority': target(gateway),
    // A server can't be named by an address when a connection begins; what it is checked by is below.
    ...(isIP(gateway.host) === 0 ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
  });
  const ask = (method: Method, request: Uint8Array): Promise<Uint8Array> => unary(client, method, request, until, signal);
  try {
    const version = healthVersion(await ask(methods.health, healthRequest()));
    const dialect = dialectOf(version);
    if (dialect === null) throw new GatewayError('other-api', `it calls its version ${cut(version) || 'nothing'}, which is not known here`);
    // Where names are asked for, the one of this name must be this one.
    if (dialect === 'by-name' && sandboxId(await ask(methods.sandbox, sandboxRequest(sandbox))) !== sandbox.id)
      throw new GatewayError('unknown-sandbox', 'its sandbox of this name is another one');
    const newest = policyStatus(await ask(methods.policyStatus, policyStatusRequest(sandbox, dialect)));
    const { policy, revision, hash, source, globalRevision } = sandboxConfig(await ask(methods.config, configRequest(sandbox, dialect)));
    if (policy === null) throw new GatewayError('no-policy', 'it keeps no policy of the sandbox');
    const told = newest.revision === revision && source !== 'global';
    return {
      version,
      policy,
      revision,
      hash,
      source,
      globalRevision,
      load: told ? newest.load : 'unknown',
      loadError: told ? newest.loadError : '',
      active: newest.active,
    };
  } finally {
    client.close();
  }
}

function target({ host, port }: Gateway): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

async function channelCredentials({ certificates, host }: Gateway): Promise<ChannelCredentials> {
  if (certificates === null) return credentials.createInsecure();
  const { ca, key, certificate } = await clientCertificate(certificates);
  try {
    // This authority alone vouches for it, not those of the system.
    return credentials.createSsl(ca, key, certificate, { checkServerIdentity: (_, given) => checkServerIdentity(host, given) });
  } catch (error) {
    // What is wrong with a key is not told further than by its kind.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new GatewayError('no-certificate', `its client certificate in ${certificates} can't be used${code}`);
  }
}

function unary(client: Client, method: Method, request: Uint8Array, deadline: number, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = (): void => call.cancel();
    const call = client.makeUnaryRequest(
      method,
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      request,
      { deadline },
      (error, answer) => {
        signal.removeEventListener('abort', end);
        if (signal.aborted) reject(signal.reason as Error);
        else if (error !== null) reject(asGatewayError(error, method));
        else if (answer === undefined) reject(new GatewayError('garbled', 'it gave no answer'));
        else resolve(answer);
      },
    );
    signal.addEventListener('abort', end, { once: true });
  });
}

function asGatewayError({ code, details }: ServiceError, method: Method): GatewayError {
  const said = cut(plainReason(details));
  const of = (reason: GatewayReason, message: string): GatewayError =>
    new GatewayError(reason, said === '' ? message : `${message}: ${said}`);
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return new GatewayError('timeout', `it did not answer within ${gatewayDeadlineMs / 1000} seconds`);
    case status.UNAVAILABLE:
      return isOfCertificate(details) ? of('certificate', 'the two do not trust each other') : of('unreachable', 'it can not be reached');
    case status.RESOURCE_EXHAUSTED:
      return of('too-large', 'its answer is too large, or it has no room for questions');
    case status.UNAUTHENTICATED:
      return of('unauthenticated', 'it does not know who asks');
    case status.PERMISSION_DENIED:
      return of('not-permitted', 'it does not let us ask');
    case status.UNIMPLEMENTED:
      return of('other-api', 'it does not know the question');
    case status.NOT_FOUND:
      return method === methods.policyStatus && /policy revision/.test(details)
        ? new GatewayError('no-policy', 'it keeps no policy of the sandbox yet')
        : of('unknown-sandbox', 'it does not know the sandbox');
    default:
      return of('failed', `it answered ${status[code] ?? code}`);
  }
}

/** As Node and OpenSSL say it; the library hands it on as text alone. */
function isOfCertificate(details: string): boolean {
  return /certificate|self.signed|altnames|alert|unable to verify|wrong version number|EPROTO|\bSSL\b|\bTLS\b/i.test(details);
}

/** Without what only those who made OpenSSL can read: addresses, numbers, files. */
function plainReason(details: string): string {
  return details
    .replace(/^No connection established\. Last error: /, '')
    .replace(/[0-9A-F]{6,20}:error:[0-9A-F]{4,10}:[^:]{0,40}:[^:]{0,80}:/, '')
    .replace(/:\.\.\/[^ ]{0,200}:\d+:.*$/s, '')
    .replace(/[.:]? Resolution note:.*$/s, '');
}

/** What a gateway says may be anybody's text. */
function cut(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .trim()
    .slice(0, maxMessageChars);
}
