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

/** So long an engine may take to begin its answer; one that hangs must not hold us up. */
export const ANSWER_MS = 30_000;
/** So long it may pause in the middle of one. */
const PAUSE_MS = 30_000;

/** Asks the engine, and waits only so long. `ask` is to hand the signal on; what it answers after that is its own to close. */
export async function answered<T>(
  what: string,
  ask: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
  ms: number = ANSWER_MS,
): Promise<T> {
  signal?.throwIfAborted();
  const own = new AbortController();
  const stop = (): void => own.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(
    () => own.abort(new AttachError('lost', `Docker did not answer within ${ms / 1000} s when asked for ${what}`, 'Try again.')),
    ms,
  );
  let leave: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    leave = () => reject(own.signal.reason as Error);
    own.signal.addEventListener('abort', leave, { once: true });
  });
  const asked = ask(own.signal);
  try {
    return await Promise.race([asked, stopped]);
  } catch (error) {
    // A stream that comes when nobody waits for it any more.
    asked.then(
      (late) => (late as { destroy?(): void } | null)?.destroy?.(),
      () => undefined,
    );
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    if (leave) own.signal.removeEventListener('abort', leave);
  }
}

/** Fails when nothing comes for too long; the time in which nobody asks does not count. */
export async function* spoken(stream: AsyncIterable<Buffer>, who: string, ms: number = PAUSE_MS): AsyncGenerator<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new AttachError('lost', `${who} was silent for ${Math.round(ms / 1000)} s`, 'Try again.')), ms);
    });
    try {
      const next = await Promise.race([chunks.next(), silence]);
      if (next.done) return;
      yield next.value;
    } finally {
      clearTimeout(timer);
    }
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
