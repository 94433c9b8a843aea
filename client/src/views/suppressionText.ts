/** Why a finding was not suppressed, in words. */
import type { NoSuppression } from '../../../server/src/protocol/suppressions';
import { assertNever } from '../assertNever';
import type { Translate } from '../format';

export function noSuppressionText(why: NoSuppression, t: Translate): string {
  switch (why) {
    case 'untrusted':
      return t('This workspace is not trusted, so no finding is suppressed in it.');
    case 'never':
      return t('A rewritten history is always a problem, and cannot be suppressed.');
    case 'reason-missing':
      return t('A finding is suppressed with a reason only.');
    case 'reason-long':
      return t('The reason is too long.');
    case 'no-folder':
      return t('No folder is open that could keep the file of suppressions. Open one first.');
    case 'link':
      return t('The file of suppressions or its folder is a symbolic link, and none is followed.');
    case 'not-yaml':
      return t('The file of suppressions is no YAML as it stands. Put it right first.');
    case 'style':
      return t('The file of suppressions is written in a way that an entry cannot simply be added to. Change it by hand.');
    case 'too-large':
      return t('The file of suppressions would become larger than what is read of it. Remove entries that settle nothing any more.');
    case 'already':
      return t('This finding is suppressed already.');
    case 'gone':
      return t('This finding is not there any more.');
    default:
      return assertNever(why);
  }
}
