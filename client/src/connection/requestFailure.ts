/** Why a request has no answer, for people who look at a page of ours: what and why, and what to do next. */
import type { Translate } from '../format';
import { plainText } from '../plainText';
import { asServerError } from './serverError';

const maxReason = 300;

export function requestFailure(error: unknown, t: Translate): { readonly reason: string; readonly hint: string } {
  const { reason, message, hint } = asServerError(error);
  const said = plainText(message, { maxLength: maxReason });
  switch (reason) {
    case 'unavailable':
      return {
        reason: t('The Sandglass server does not run.'),
        hint: t('Run "Sandglass: Restart Server"; "Sandglass: Show Logs" says why it ended.'),
      };
    case 'lost':
      return { reason: t('The Sandglass server ended over this.'), hint: t('It is being started again; ask once more.') };
    case 'cancelled':
      return { reason: t('Cancelled.'), hint: '' };
    case 'refused':
      return { reason: said, hint: plainText(hint ?? t('Attach to the sandbox or open the recording again.'), { maxLength: maxReason }) };
  }
}
