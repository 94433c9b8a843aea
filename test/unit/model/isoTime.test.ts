import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../../../server/src/model/isoTime';

const near = 1_767_225_600_000;
const time = fc.oneof(
  fc.integer({ min: near - 200_000, max: near + 200_000 }),
  fc.double({ min: near - 70_000, max: near + 70_000, noNaN: true }),
  fc.integer({ min: -100_000, max: 100_000 }),
  fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }),
  fc.constantFrom(-8.64e15, 8.64e15, -0.5, 0.5, -62_167_219_200_001, 253_402_300_800_000),
);

describe('a time as text', () => {
  it('is what a date says, whatever was asked before', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
        for (const one of times) expect(isoTime(one)).toBe(new Date(one).toISOString());
      }),
    );
  });

  it('is none where no date reaches', () => {
    for (const none of [null, NaN, Infinity, -Infinity, 8.64e15 + 1, -8.64e15 - 1]) expect(isoTime(none)).toBeNull();
  });
});
