// The house's arrows, enforced: who may import whom (docs/HOUSE.md).
import tseslint from 'typescript-eslint';

const zone = (files, forbidden) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: forbidden.map(([group, message]) => ({ group, message })) }] },
});
const vscode = [['vscode'], 'Only client/ touches the vscode API.'];
const client = [['**/client/**'], 'Nothing imports the client.'];
const webviews = [['**/webviews/trace/**', '**/webviews/cost/**', '**/webviews/kit/**'], 'Only webviews/ imports the pages.'];
const serverOnly = [['**/server/src/!(protocol)/**'], 'Across the process boundary only server/src/protocol may be imported.'];
const node = [['node:*'], 'Pages run in a browser.'];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.cache/**', 'sample/**', 'test/fixtures/**', 'test/bed/sandbox/inside/seed/**', '**/*.d.ts'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      'no-console': 'error',
      eqeqeq: 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'No default exports.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels.' },
      ],
    },
  },
  zone(['client/**/*.ts'], [serverOnly, webviews]),
  zone(['server/**/*.ts'], [vscode, client, webviews]),
  zone(
    ['server/src/model/**/*.ts'],
    [vscode, client, webviews, [['../!(protocol)/**'], 'model imports nothing of ours but protocol/document.']],
  ),
  zone(['server/src/protocol/**/*.ts'], [vscode, client, webviews, [['../**'], 'protocol imports nothing of ours.']]),
  zone(
    ['server/src/decode/**/*.ts'],
    [vscode, client, webviews, [['**/store/**', '**/query/**', '**/editor/**', '**/sandboxes/**'], 'decode imports model only.']],
  ),
  zone(
    ['server/src/attach/**/*.ts', 'server/src/sandboxes/**/*.ts'],
    [
      vscode,
      client,
      webviews,
      [['**/decode/**', '**/store/**', '**/model/**', '**/query/**', '**/editor/**'], 'attach and sandboxes know containers, not formats.'],
    ],
  ),
  zone(
    ['server/src/actions/**/*.ts', 'server/src/resources/**/*.ts'],
    [
      vscode,
      client,
      webviews,
      [
        ['**/decode/**', '**/store/**', '**/query/**', '**/editor/**', '**/collect/**'],
        'actions and resources know engines, not what was read.',
      ],
    ],
  ),
  zone(['server/src/secrets/**/*.ts'], [vscode, client, webviews, [['../**'], 'secrets imports nothing of ours.']]),
  zone(
    ['server/src/findings/**/*.ts'],
    [
      vscode,
      client,
      webviews,
      [
        ['**/store/**', '**/query/**', '**/editor/**', '**/collect/**', '**/attach/**', '**/sandboxes/**'],
        'findings judge what was folded; they neither read nor keep.',
      ],
    ],
  ),
  zone(
    ['server/src/policy/**/*.ts'],
    [vscode, client, webviews, [['**/store/**', '**/query/**', '**/editor/**', '**/collect/**'], 'policy judges what it is given.']],
  ),
  zone(
    ['server/src/gateway/**/*.ts'],
    [
      vscode,
      client,
      webviews,
      [
        ['**/store/**', '**/query/**', '**/editor/**', '**/collect/**', '**/sandboxes/**', '**/attach/**/!(regularFile)'],
        'gateway asks for policies; it knows neither what was read nor how it is shown.',
      ],
    ],
  ),
  zone(['webviews/**/*.ts'], [vscode, client, node, [['**/server/src/!(protocol)/**'], 'Pages know the protocol only.']]),
  zone(
    ['webviews/trace/**/*.ts', 'webviews/cost/**/*.ts'],
    [vscode, client, node, [['@vscode/*'], 'Only webviews/kit names the control library.']],
  ),
  {
    files: ['scripts/**/*.mjs', 'test/**/*', 'eslint.config.mjs', '*.config.*', 'server/src/cli.ts'],
    rules: { 'no-console': 'off', 'no-restricted-syntax': 'off' },
  },
);
