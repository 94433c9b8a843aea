/**
 * How the supervisor's shorthand writes what stands in brackets and quotes: keys and values of a context are escaped (`\[`, `\]`,
 * `\\`, white space as `\u{20}`), a title in quotes as in C. Reasons, messages and command lines are not escaped at all.
 */

const sign = /\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))/gsu;
const named: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const largestCodePoint = 0x10ffff;

/** Takes the escapes of a context field or of a quoted title back. What is none stays as it stands. */
export function unescaped(text: string): string {
  return text.replace(sign, (whole, hex: string | undefined, one: string | undefined) => {
    if (hex === undefined) return named[one ?? ''] ?? one ?? whole;
    const code = parseInt(hex, 16);
    return code <= largestCodePoint ? String.fromCodePoint(code) : whole;
  });
}

// What Rust calls white space or a control character.
const inContext = /[\\[\]]|[\s\u0085]|[\u0000-\u001f\u007f-\u009f]/gu;

export function escapedInContext(text: string): string {
  return text.replace(inContext, (character) =>
    character === '\\' || character === '[' || character === ']' ? `\\${character}` : codeOf(character),
  );
}

const inQuotes = /[\\"]|[\u0000-\u001f\u007f-\u009f]/gu;
const letters: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

export function escapedInQuotes(text: string): string {
  return text.replace(inQuotes, (character) => letters[character] ?? codeOf(character));
}

function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

export type Field = readonly [key: string, value: string];

/** `k:v k:v …` with escaped keys and values. null: that is no context. */
export function escapedFields(text: string): readonly Field[] | null {
  const fields: Field[] = [];
  for (const part of text.split(' ')) {
    const colon = part.indexOf(':');
    if (colon <= 0) return null;
    fields.push([unescaped(part.slice(0, colon)), unescaped(part.slice(colon + 1))]);
  }
  return fields;
}

const plainKey = /(?:^| )([a-z][a-z0-9_]*):/g;

/** `k:v k:v …` whose values may hold spaces, as a message carries them. null: that is no context. */
export function plainFields(text: string): readonly Field[] | null {
  const keys = [...text.matchAll(plainKey)];
  if (keys[0]?.index !== 0) return null;
  return keys.map((match, at) => [match[1] ?? '', text.slice(match.index + match[0].length, keys[at + 1]?.index ?? text.length)]);
}
