/** Runs the checks of the Python side where its environment was made (`npm run setup:python`); says so where not. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const python = join(root, '.venv', 'bin', 'python');

if (!existsSync(python)) {
  console.log('Python checks skipped: there is no .venv here; `npm run setup:python` makes it.');
  process.exit(0);
}

const checks = [['ruff', 'format', '--check', '.'], ['ruff', 'check', '.'], ['mypy'], ['pytest', '-q']];

for (const [module, ...rest] of checks) {
  const { status } = spawnSync(python, ['-m', String(module), ...rest], {
    cwd: join(root, 'triton-models'),
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}
