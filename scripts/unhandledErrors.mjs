// A reporter for Vitest beside the others: errors outside of any test, which its JSON does not hold, into a file.
import { writeFileSync } from 'node:fs';

export default class UnhandledErrors {
  onTestRunEnd(_modules, errors) {
    const file = process.env.SANDGLASS_UNHANDLED_ERRORS;
    if (!file) throw new Error('SANDGLASS_UNHANDLED_ERRORS names no file');
    writeFileSync(file, JSON.stringify(errors.map((error) => error.stack ?? `${error.name ?? 'Error'}: ${error.message}`)));
  }
}
