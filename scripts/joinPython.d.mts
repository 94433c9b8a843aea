export const PYTHON_READER: string;
/** The reader in Python as one text. */
export function joinPython(directory?: string): string;
