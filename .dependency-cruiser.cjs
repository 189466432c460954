/**
 * The layers of ARCHITECTURE.md, checked by `npm run lint:layers`.
 *
 * Calls go down the ranks and events go up: a module may import from its own rank and from the ranks before it.
 */
const RANKS = [
  ['organizations'],
  ['audit'],
  ['auth'],
  ['agents', 'visitors', 'departments', 'canned-replies'],
  ['conversations'],
  ['messages'],
  ['tickets', 'crm', 'import'],
  ['events'],
  ['statistics', 'callbacks', 'realtime'],
  ['dialects'],
  ['onboarding'],
];

/** Tests beside the code may build what they test from any part. */
const SPEC = '\\.spec\\.ts$';
const MODULE = '^src/modules/([^/]+)/';

const ranks = RANKS.slice(0, -1).map((names, rank) => ({
  name: `rank-of-${names.join('-')}`,
  comment: `${names.join(', ')} never import from ${RANKS.slice(rank + 1)
    .flat()
    .join(', ')}: those listen to events instead.`,
  severity: 'error',
  from: { path: `^src/modules/(${names.join('|')})/`, pathNot: SPEC },
  to: {
    path: `^src/modules/(${RANKS.slice(rank + 1)
      .flat()
      .join('|')})/`,
  },
}));

module.exports = {
  forbidden: [
    {
      name: 'kernel-is-pure',
      comment: 'The kernel is plain TypeScript: it imports nothing but itself, no Nest, no TypeORM, no I/O.',
      severity: 'error',
      from: { path: '^src/kernel/', pathNot: SPEC },
      to: { pathNot: '^(src/kernel/|(node:)?crypto$)' },
    },
    {
      name: 'platform-knows-no-feature',
      comment: 'The platform is technology: it imports neither modules nor the app.',
      severity: 'error',
      from: { path: '^src/platform/', pathNot: SPEC },
      to: { path: '^src/(modules|app)/' },
    },
    {
      name: 'modules-know-no-app',
      comment: 'A module never imports from the app that assembles it.',
      severity: 'error',
      from: { path: '^src/modules/', pathNot: SPEC },
      to: { path: '^src/app/' },
    },
    {
      name: 'entry-points-are-ends',
      comment: 'Nobody imports a file that starts a process.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'modules-meet-at-contracts',
      comment:
        'A module reaches another one only through its contract files (`*.contract.ts`, and `*.contract.dto.ts` where it is validated), and in a module file through its module.',
      severity: 'error',
      from: { path: MODULE, pathNot: ['\\.module\\.ts$', SPEC] },
      to: { path: MODULE, pathNot: ['^src/modules/$1/', '\\.contract(\\.dto)?\\.ts$'] },
    },
    {
      name: 'module-files-import-modules',
      comment: 'A module file reaches another module only through its contract file and its module file.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/.*\\.module\\.ts$' },
      to: { path: MODULE, pathNot: ['^src/modules/$1/', '\\.(contract|module)\\.ts$'] },
    },
    {
      name: 'every-module-has-a-rank',
      comment: 'A new module is given its place in RANKS at the head of this file.',
      severity: 'error',
      from: { path: MODULE, pathNot: `^src/modules/(${RANKS.flat().join('|')})/` },
      to: {},
    },
    ...ranks,
    {
      name: 'no-circles',
      comment:
        'No file imports itself round a corner: in an ESM build such a circle dies at start, and no test notices.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-barrels',
      comment: 'There is no index.ts: every import names the file where the thing is.',
      severity: 'error',
      from: {},
      to: { path: '/index\\.ts$' },
    },
    {
      name: 'no-barrel-files',
      comment: 'There is no index.ts: every import names the file where the thing is.',
      severity: 'error',
      from: { path: '/index\\.ts$' },
      to: {},
    },
    {
      name: 'drivers-stay-in-the-platform',
      comment:
        'bullmq, ioredis, mysql2, libsql and the Redis adapter of Socket.IO appear only in src/platform.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/platform/', SPEC] },
      to: { path: '(^|/)node_modules/(bullmq|ioredis|mysql2|libsql|@socket\\.io/redis-streams-adapter)/' },
    },
    {
      name: 'redis-is-loaded-on-demand',
      comment:
        'Only redis-….ts and bullmq-….ts import Redis code, and they are loaded by await import(): who runs without Redis pays nothing for it.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['/(redis|bullmq)-[^/]+$', SPEC] },
      to: {
        path: '(^src/.+/(redis|bullmq)-[^/]+$|node_modules/(bullmq|ioredis|@socket\\.io/redis-streams-adapter)/)',
        dependencyTypesNot: ['dynamic-import', 'type-only', 'type-import'],
      },
    },
    {
      name: 'source-needs-no-test',
      comment: 'What is shipped imports neither tests nor scripts.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'source-needs-no-dev-dependency',
      comment: 'What is shipped imports only packages that a production install brings.',
      severity: 'error',
      from: { path: '^src/', pathNot: SPEC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'imports-lead-somewhere',
      comment: 'Every import can be resolved.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
