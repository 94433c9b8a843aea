/** Why a gateway did not tell the policy of a sandbox. The message may hold text of the gateway, cut and cleaned: it is untrusted. */
import { assertNever } from '../model/assertNever';

export type GatewayReason =
  /** OpenShell's command has no gateway registered here, or none of the name that the sandbox's registry tells. */
  | 'not-configured'
  /** What is registered can't be read, or is written in a way that is not known. */
  | 'unreadable'
  /** It runs on another host: no connection is made to a machine that was not chosen for it. */
  | 'elsewhere'
  /** It asks for a sign-in by a token; only client certificates are used. */
  | 'sign-in'
  /** A file of the client's certificate is missing or can't be read. */
  | 'no-certificate'
  | 'unreachable'
  /** It is not the one that the certificate authority of OpenShell's command vouches for, or it does not take our certificate. */
  | 'certificate'
  | 'timeout'
  | 'too-large'
  | 'unknown-sandbox'
  /** It knows the sandbox, and keeps no policy of it. */
  | 'no-policy'
  | 'unauthenticated'
  | 'not-permitted'
  /** It does not know the question. */
  | 'other-api'
  /** What came back is no answer to the question. */
  | 'garbled'
  | 'failed';

export class GatewayError extends Error {
  readonly reason: GatewayReason;
  constructor(reason: GatewayReason, message: string) {
    super(message);
    this.name = 'GatewayError';
    this.reason = reason;
  }
  static is(error: unknown): error is GatewayError {
    return error instanceof GatewayError;
  }
}

/** What a person can do about it; `sandbox` is fit to be shown. */
export function gatewayHint(reason: GatewayReason, sandbox: string): string {
  const byHand = `put what "openshell policy get ${sandbox} --full" prints below its line --- into a YAML file of the workspace`;
  switch (reason) {
    case 'not-configured':
      return `register it with "openshell gateway add", or ${byHand}`;
    case 'unreadable':
      return `see "openshell gateway list", or ${byHand}`;
    case 'elsewhere':
    case 'sign-in':
    case 'too-large':
    case 'other-api':
    case 'garbled':
    case 'not-permitted':
    case 'failed':
      return byHand;
    case 'no-certificate':
    case 'certificate':
    case 'unauthenticated':
      return `see whether "openshell status" works, and register the gateway again if not; or ${byHand}`;
    case 'unreachable':
    case 'timeout':
      return 'see whether it runs ("openshell status"); it is asked again when more is denied';
    case 'unknown-sandbox':
      return 'it may be the sandbox of another gateway, or was deleted';
    case 'no-policy':
      return 'give it one with "openshell policy set"';
    default:
      return assertNever(reason);
  }
}
