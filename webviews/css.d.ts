/** Style sheets are bundled beside the page; importing one has no value. */
declare module '*.css';
