/** Stands for `vscode.l10n.t` where no editor is: fills in the arguments, translates nothing. */
export function translate(message: string, ...args: (string | number)[]): string {
  return message.replace(/\{(\d+)\}/g, (match, index: string) => String(args[Number(index)] ?? match));
}
