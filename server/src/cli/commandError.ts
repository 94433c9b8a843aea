/** What a command could not do: what and why, and what to do, in one line. */
export class CommandError extends Error {}
