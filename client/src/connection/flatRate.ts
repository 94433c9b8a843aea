/** Whether the user pays for no single call: then tokens come first, and money is what the API would have cost. */
import type { SettingId } from '../contributions';
import { readSetting } from './readSetting';

export const flatRateSetting: SettingId = 'sandglass.cost.subscription';

export function paysFlatRate(): boolean {
  return readSetting(flatRateSetting) === true;
}
