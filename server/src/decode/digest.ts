/** What tells apart two values of untrusted JSON, or two texts: 16 hex digits, whatever their size. */
import { hash } from 'node:crypto';

/** What a parser took may be nested too deep to be written again: all such are one. */
const tooDeep = 'too deep';

export function digestOf(value: unknown): string {
  return hash('sha256', typeof value === 'string' ? value : text(value), 'hex').slice(0, 16);
}

function text(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch (error) {
    if (error instanceof RangeError) return tooDeep;
    throw error;
  }
}
