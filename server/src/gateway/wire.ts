/**
 * Protocol buffers as they come over the wire, read with a bound on their parts: they may be anybody's. Nothing
 * descends further than those who read ask.
 */
import { Reader, Writer } from 'protobufjs/minimal';
import { GatewayError } from './gatewayError';

/** Fields read of one answer, of all its messages together. */
export const maxWireFields = 100_000;

/** One field; what is not asked for is skipped. Asking for another type than came is garbled, unless the field may have either. */
export interface WireField {
  readonly number: number;
  text(): string;
  flag(): boolean;
  /** Of an unsigned 32-bit number, or of a name in an enumeration. */
  number32(): number;
  /** One, or several packed into one. */
  numbers32(): readonly number[];
  /** In some versions a text, in others a number of an enumeration. */
  textOr(names: Readonly<Record<number, string>>): string;
  message<T>(read: (fields: Iterable<WireField>) => T): T;
}

const lengthDelimited = 2;
const varint = 0;

/** Throws GatewayError. */
export function readMessage<T>(bytes: Uint8Array, read: (fields: Iterable<WireField>) => T): T {
  const budget = { left: maxWireFields };
  try {
    return read(fieldsOf(new Reader(bytes), bytes.length, budget));
  } catch (error) {
    if (GatewayError.is(error)) throw error;
    // The library throws RangeError and plain errors at what is no message.
    throw new GatewayError('garbled', 'the answer is no message of this kind');
  }
}

function* fieldsOf(reader: Reader, end: number, budget: { left: number }): Iterable<WireField> {
  while (reader.pos < end) {
    budget.left -= 1;
    if (budget.left < 0) throw new GatewayError('too-large', `the answer has more than ${maxWireFields} parts`);
    const tag = reader.uint32();
    const wireType = tag & 7;
    let taken = false;
    const as = (wanted: number): void => {
      if (wireType !== wanted || taken) throw new GatewayError('garbled', `field ${tag >>> 3} of the answer is of another type`);
      taken = true;
    };
    const text = (): string => {
      as(lengthDelimited);
      return reader.string();
    };
    const number32 = (): number => {
      as(varint);
      return reader.uint32();
    };
    yield {
      number: tag >>> 3,
      text,
      flag() {
        as(varint);
        return reader.bool();
      },
      number32,
      numbers32() {
        if (wireType === varint) return [number32()];
        as(lengthDelimited);
        const stop = endOf(reader, end);
        const found: number[] = [];
        while (reader.pos < stop) {
          budget.left -= 1;
          if (budget.left < 0) throw new GatewayError('too-large', `the answer has more than ${maxWireFields} parts`);
          found.push(reader.uint32());
        }
        mustEnd(reader, stop);
        return found;
      },
      textOr(names) {
        if (wireType === lengthDelimited) return text();
        const value = number32();
        return value === 0 ? '' : (names[value] ?? `unknown-${value}`);
      },
      message(read) {
        as(lengthDelimited);
        const stop = endOf(reader, end);
        const made = read(fieldsOf(reader, stop, budget));
        mustEnd(reader, stop);
        return made;
      },
    };
    if (!taken) reader.skipType(wireType);
  }
  mustEnd(reader, end);
}

function endOf(reader: Reader, end: number): number {
  const length = reader.uint32();
  const stop = reader.pos + length;
  if (stop > end) throw new GatewayError('garbled', 'a part of the answer ends after the whole');
  return stop;
}

function mustEnd(reader: Reader, stop: number): void {
  if (reader.pos !== stop) throw new GatewayError('garbled', 'a part of the answer does not end where it says');
}

/** A message of texts and of messages of texts, by their field numbers: all that is ever asked with. */
export interface WireText {
  readonly [field: number]: string | WireText;
}

export function writeMessage(fields: WireText): Uint8Array {
  const writer = new Writer();
  for (const [number, value] of Object.entries(fields)) {
    writer.uint32((Number(number) << 3) | lengthDelimited);
    if (typeof value === 'string') writer.string(value);
    else writer.bytes(writeMessage(value));
  }
  return writer.finish();
}
