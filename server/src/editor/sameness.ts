/** Whether calls failed in the same way: their reasons but for what differs from one time to the next by itself. Pure. */

const varying: readonly (readonly [RegExp, string])[] = [
  // Points in time, with a clock: a day alone may be what it is about.
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/(?<![\w:.])\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?![\w:])/g, '<time>'],
  // How long it took.
  [/(?<![\w.])(?:\d{1,9}(?:\.\d{1,9})?(?:h|m|s|ms|µs|us|ns)){1,4}(?!\w)/g, '<while>'],
  [/(?<![\w.])\d{1,9}(?:\.\d{1,9})? ?(?:ns|µs|us|ms|s|secs?|seconds?|mins?|minutes?|hours?|milliseconds?)(?!\w)/gi, '<while>'],
  // Processes: by name, in front of what a shell says of one, and as logs write them. An index in brackets has none of that.
  [/\b(pid|process(?: id)?)([ :=#]{1,3})\d{1,10}\b/gi, '$1$2<pid>'],
  [/(?<=\(node:)\d{1,10}(?=\))/g, '<pid>'],
  [/(?<=(?:^|\s)(?:[a-z]{2,20}d|cron|sudo|kernel|systemd|python3?|bash|sh)\[)\d{1,10}(?=\]:)/gi, '<pid>'],
  [/(?<=: {1,4})\d{1,10}(?= {1,4}(?:Segmentation fault|Bus error|Illegal instruction|Aborted|Killed|Terminated|Trace))/g, '<pid>'],
  // Addresses: as wide as those of a machine, or named so. A shorter one may be the code of an error.
  [/\b0x[0-9a-f]{9,16}\b/gi, '<address>'],
  [/(?<=\b(?:at |addr=|address |pc=|sp=|fp=))0x[0-9a-f]{1,16}\b/gi, '<address>'],
];

/** Equal for reasons that are the same. All other numbers stay: an answer of a server, a line, a port. */
export function failsTheSame(reason: string): string {
  return varying.reduce((text, [pattern, instead]) => text.replace(pattern, instead), reason);
}
