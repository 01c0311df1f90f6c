import { PIPELINE } from './src/queue/stages.ts'

/**
 * Who may import whom. `npm run check` runs this through tools/import-rules.ts, which hands over the sources as
 * JavaScript: every path below ends in .js.
 */

const room = (name, ...allowed) => ({
  name: `${name}-knows-only`,
  severity: 'error',
  comment: `src/${name} may import ${allowed.length > 0 ? allowed.join(', ') : 'nothing'} besides itself and libraries`,
  from: { path: `^src/${name}/`, pathNot: '\\.test\\.js$' },
  to: { path: '^(src|workers|console|sandbox|bench|tools|test)/', pathNot: `^src/(${[name, ...allowed].join('|')})/` },
})

/** The folders of a room in the order in which they may know each other: each only those before it, and files of the room itself. */
const leftwards = (parent, folders) =>
  folders.map((folder, place) => ({
    name: `${parent.replace('src/', '')}-${folder}-looks-left`,
    severity: 'error',
    comment: `${parent}/${folder} may import ${folders.slice(0, place).join(', ') || 'no other folder'} of ${parent}`,
    from: { path: `^${parent}/${folder}/`, pathNot: '\\.test\\.js$' },
    to: { path: `^${parent}/`, pathNot: `^${parent}/((${folders.slice(0, place + 1).join('|')})/|[^/]+$)` },
  }))

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or lack a third. Types may refer to each other.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'model-is-pure',
      severity: 'error',
      comment: 'The model decides from its arguments: no clock, network, database, environment, logger or zod.',
      from: { path: '^src/model/', pathNot: '\\.test\\.js$' },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'],
        pathNot: '(^|/)(libphonenumber-js|tldts|any-ascii|i18n-iso-countries|iso-3166)(/|$)|^(node:)?crypto$',
      },
    },
    room('model'),
    ...leftwards('src/model', [
      'record',
      'matching',
      'rules',
      'calendar',
      'classes',
      'policy',
      'people',
      'authority',
      'jobs',
      'patterns',
      'decision',
      'surface',
    ]),
    room('clock'),
    room('crm', 'model', 'clock'),
    room('store', 'model', 'clock'),
    ...leftwards('src/store', [
      'migrations',
      'database',
      'postgres',
      'secrets',
      'ledger',
      'events',
      'notices',
      'connections',
      'people',
      'publishing',
      'records',
      'writes',
      'decisions',
      'offers',
      'erasure',
      'lifecycle',
      'upgrades',
      'compare',
      'surface',
      'export',
    ]),
    room('queue', 'model', 'clock'),
    room('config', 'model', 'store', 'crm', 'clock'),
    ...leftwards('src/config', ['yaml', 'settings', 'conditions', 'company', 'policies']),
    room('notices', 'model', 'crm', 'store', 'connections', 'clock'),
    room('connections', 'model', 'crm', 'store', 'notices', 'clock'),
    room('mail', 'clock'),
    room('people', 'model', 'crm', 'store', 'connections', 'notices', 'mail', 'clock'),
    room('pipeline', 'model', 'crm', 'store', 'queue', 'connections', 'notices', 'people', 'clock'),
    room('publishing', 'model', 'crm', 'store', 'config', 'people', 'pipeline', 'clock'),
    ...leftwards(
      'src/pipeline',
      PIPELINE.map(({ folder }) => folder),
    ),
    ...leftwards('workers', ['runtime', 'background', 'stages']),
    {
      name: 'nobody-imports-the-assemblers',
      severity: 'error',
      comment: 'api, cli and workers put things together; what others need from them belongs in a room below.',
      from: {
        path: '^src/(clock|model|crm|store|queue|config|connections|notices|mail|people|pipeline|publishing)/',
        pathNot: '\\.test\\.js$',
      },
      to: { path: '^(src/(api|cli)|workers)/' },
    },
    {
      name: 'api-does-not-know-cli',
      severity: 'error',
      from: { path: '^src/api/' },
      to: { path: '^(src/cli|workers)/' },
    },
    {
      name: 'sandbox-shares-nothing',
      severity: 'error',
      comment: 'A simulator that shares our code agrees with our mistakes.',
      from: { path: '^sandbox/' },
      to: { path: '^(src|workers|console|bench|test)/' },
    },
    {
      name: 'nobody-imports-the-sandbox',
      severity: 'error',
      comment: 'The service meets the sandbox over HTTP only, as it meets a CRM.',
      from: { path: '^(src|workers|console)/', pathNot: '\\.test\\.js$' },
      to: { path: '^sandbox/' },
    },
    {
      name: 'console-reaches-the-server-through-its-types',
      severity: 'error',
      from: { path: '^console/src/', pathNot: '\\.test\\.js$' },
      to: {
        path: '^(src|workers|sandbox|bench|tools|test)/',
        pathNot: '^src/(api/[a-z-]+/[a-z-]+-types|crm/[a-z-]+/connect-form)\\.js$',
      },
    },
    {
      name: 'no-tests-in-the-product',
      severity: 'error',
      comment: 'Except the runner of the tests, which starts their server.',
      from: { path: '^(src|workers|console|sandbox)/', pathNot: '\\.test\\.js$|/scripted-' },
      to: { path: '\\.test\\.js$|^test/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'An import that points nowhere, or at a package that package.json does not name.',
      from: {},
      // Styles and pictures are the bundler's, its runtime the compiler's.
      to: { couldNotResolve: true, pathNot: '\\.(css|svg)$|^@oxc-project/runtime' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|console/dist)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.js', '.mjs', '.json'],
    },
  },
}
