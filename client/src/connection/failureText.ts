/** Why the server does not run, and what to do about it, in words. */
import { assertNever } from '../assertNever';
import type { Translate } from '../format';
import { plainText } from '../plainText';
import type { RejectedRuntime } from './runtime';
import type { ServerFailure } from './serverHost';

export function failureText(failure: ServerFailure, t: Translate): string {
  switch (failure.kind) {
    case 'no-runtime':
      return t(
        'Sandglass needs Node.js 22.15 or newer with SQLite, and found none: {0}. Install one, or name it in the setting sandglass.server.nodePath.',
        failure.rejected.map((each) => rejectedText(each, t)).join('; '),
      );
    case 'crashed':
      return t('The Sandglass server ended {0} times within five minutes and is not started again by itself.', failure.crashes);
    case 'not-started':
      return t('The Sandglass server could not be started: {0}', plainText(failure.message));
    default:
      return assertNever(failure);
  }
}

export function rejectedText(rejected: RejectedRuntime, t: Translate): string {
  const { from, command, problem } = rejected;
  const name = from === 'editor' ? t("the editor's own Node") : from === 'setting' ? plainText(command) : t('node on the PATH');
  return problem.kind === 'lacks'
    ? t('{0} ({1}) lacks {2}', name, plainText(problem.node), problem.what.join(', '))
    : t('{0} did not answer ({1})', name, plainText(problem.reason));
}
