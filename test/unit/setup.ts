// Before each file of unit tests: a property that fails says by what error, not only for which input.
import fc from 'fast-check';

fc.configureGlobal({ includeErrorInReport: true });
