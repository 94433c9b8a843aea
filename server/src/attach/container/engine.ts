/** Where a container engine answers, and what its errors mean. */
import Docker from 'dockerode';
import { AttachError } from '../errors';
import { codeOf } from '../reader/context';

export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer } | null;
    };

export function engineAt(address: EngineAddress): Docker {
  // Every field is named: what is left out is taken from the environment of this process by the library.
  const none = {
    host: undefined,
    port: undefined,
    socketPath: undefined,
    protocol: 'http' as const,
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
  };
  switch (address.kind) {
    case 'socket':
      return new Docker({ ...none, socketPath: address.path });
    case 'tcp':
      return new Docker({ ...none, host: address.host, port: address.port, protocol: address.tls ? 'https' : 'http', ...address.tls });
  }
}

export function statusOf(error: unknown): number | null {
  const status = (error as { readonly statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

/** For a container that was there a moment ago: most of these pass. */
export function engineError(error: unknown): AttachError {
  if (AttachError.is(error)) return error;
  const status = statusOf(error);
  const code = codeOf(error);
  if (status === 404)
    return new AttachError(
      'container-stopped',
      'The container is not there any more',
      'Start the sandbox again, or refresh the list of sandboxes.',
      { cause: error },
    );
  if (status === 409)
    return new AttachError('container-stopped', 'The container does not run', 'Start or resume it, then try again.', {
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM')
    return new AttachError(
      'docker-refused',
      "Docker's socket may not be used by this user",
      'Join the group that owns the socket, usually docker, and log in again.',
      { cause: error },
    );
  return new AttachError(
    'lost',
    code === 'ECONNREFUSED' || code === 'ENOENT' ? 'Docker does not answer' : 'The connection to Docker was lost',
    'Try again.',
    { cause: error },
  );
}
