/** Whether a search that showed this text, with the number of a column before it or not, showed this line. */
export function showsLine(shown: string, line: string): boolean {
  const text = line.trim();
  return shown.trim() === text || shown.replace(/^\d{1,7}:/, '').trim() === text;
}
