import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..');

/** The shell's exit code and what a command of the program wrote. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

function spawnQuartet(args: readonly string[], environment: Environment): ChildProcess {
  return spawn(process.execPath, [join(root, 'src', 'cli.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HTTP_PORT: '0', LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs one command of the program to its end. */
export async function runQuartet(
  args: readonly string[],
  environment: Environment,
  /** Close the pipe that standard output goes to, like `| head`. */
  { isUnread = false } = {},
): Promise<Outcome> {
  const child = spawnQuartet(args, environment);
  if (isUnread) child.stdout?.destroy();
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** The real server in a process of its own, which can be killed. */
export interface ServerProcess {
  readonly url: string;
  /** Its log so far. */
  said(): string;
  /** End it with a signal; resolves with the exit code once it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Starts `serve` and resolves when it says that it is ready. */
export async function startServer(environment: Environment): Promise<ServerProcess> {
  const child = spawnQuartet(['serve'], environment);
  const closed = once(child, 'close') as Promise<[number | null]>;
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const url = await Promise.race([
    (async () => {
      for await (const line of lines) {
        const found = /(http:\/\/[^\s]+?)(\/readyz)?$/.exec(line);
        if (found !== null) return found[1] as string;
      }
      throw new Error(`The server ended before it was ready: ${stderr}`);
    })(),
    closed.then(([code]) => Promise.reject(new Error(`The server ended with ${code}: ${stderr}`))),
  ]);
  return {
    url,
    said: () => stderr,
    async end(signal) {
      child.kill(signal);
      const [code] = await closed;
      return code;
    },
  };
}
