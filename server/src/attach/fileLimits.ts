/** Files of a sandbox larger than this are not fetched for showing; directories are listed up to so many names. */
export const MAX_FILE_BYTES = 16 * 1024 * 1024;
export const MAX_LISTED = 10_000;
