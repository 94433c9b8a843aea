/** The page's texts: what the host sent, else English; `{0}` … filled in. */

export interface Strings<Key extends string> {
  (key: Key, ...values: readonly (string | number)[]): string;
}

export function makeStrings<Key extends string>(
  english: Readonly<Record<Key, string>>,
  translated: () => Readonly<Record<string, string>>,
): Strings<Key> {
  return (key, ...values) => {
    const text = translated()[key] ?? english[key];
    return text.replace(/\{(\d+)\}/g, (place, index: string) => {
      const value = values[Number(index)];
      return value === undefined ? place : String(value);
    });
  };
}
