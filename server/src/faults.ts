/**
 * What nobody caught. A rejected promise is logged and the server goes on: it is one answer that did not come. An exception is
 * logged and ends the process, since nothing is known about its state then; the editor starts it again.
 */
import type { Connection } from 'vscode-languageserver';

/** Seen by the client in its log. */
export const exitUncaught = 70;
/** The editor is told as well, if that takes no longer. */
const lastWordsMs = 300;
const maxChars = 8000;

type Told = Pick<Connection, 'console'>;

/** From now on; what it returns takes the connection on which the editor is told too, once there is one. */
export function catchFaults(): (connection: Told) => void {
  let told: Told | null = null;
  const tell = (text: string): void => {
    process.stderr.write(`sandglass: ${text}\n`);
    told?.console.error(text);
  };
  process.on('unhandledRejection', (reason) => tell(`a rejection that nobody handled: ${said(reason)}`));
  let ending = false;
  process.on('uncaughtException', (error) => {
    if (ending) return; // what fails while the first is being told changes nothing any more
    ending = true;
    setTimeout(() => process.exit(exitUncaught), told === null ? 0 : lastWordsMs);
    tell(`an exception that nobody caught, the server ends: ${said(error)}`);
  });
  return (connection) => void (told = connection);
}

/** May quote what came out of a sandbox: nothing in it moves a cursor. */
function said(fault: unknown): string {
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  return text.slice(0, maxChars).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}
