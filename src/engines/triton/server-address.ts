import { readFile } from 'node:fs/promises';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { ConfigError } from '../../errors.ts';

/** Files in PEM. */
export interface TlsFiles {
  /** Who vouches for the servers. @default what Node trusts */
  readonly caFile?: string;
  /** Our own certificate, for mutual TLS; together with `keyFile`. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Where a server is. */
export interface ServerAddress {
  readonly url: string;
  /** `host:port`. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
}

/** Parses addresses and reads the TLS files; throws one `ConfigError` that lists every problem. */
export async function resolveServers(urls: readonly string[], tls: TlsFiles): Promise<readonly ServerAddress[]> {
  const problems: string[] = [];
  const read = async (setting: string, file: string | undefined): Promise<Buffer | null> => {
    if (file === undefined) return null;
    try {
      return await readFile(file);
    } catch (error) {
      problems.push(`${setting}: expected a readable file, got ${reasonOf(error)}.`);
      return null;
    }
  };
  const [ca, cert, key] = await Promise.all([
    read('TRITON_CA_FILE', tls.caFile),
    read('TRITON_CERT_FILE', tls.certFile),
    read('TRITON_KEY_FILE', tls.keyFile),
  ]);
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    problems.push('TRITON_CERT_FILE and TRITON_KEY_FILE: expected both or neither, got one.');
  }
  const parsed = urls.map(parseServerUrl);
  for (const [index, address] of parsed.entries()) {
    if (address === null) problems.push(`TRITON_URLS: expected grpc://host:8001 or grpcs://, got "${urls[index]}".`);
  }
  if (urls.length === 0) problems.push('TRITON_URLS: expected at least one address, got none.');
  if (new Set(urls).size !== urls.length) problems.push('TRITON_URLS: expected each address once, got one twice.');
  const usesTls = parsed.some((address) => address?.secure);
  if (!usesTls && Object.values(tls).some((file) => file !== undefined)) {
    problems.push('TRITON_URLS: expected a grpcs:// address, because TLS files are set; got none.');
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const secured = usesTls ? secureCredentials(ca, key, cert) : credentials.createInsecure();
  return parsed
    .filter((address) => address !== null)
    .map(({ url, target, secure }) => ({
      url,
      target,
      credentials: secure ? secured : credentials.createInsecure(),
    }));
}

function secureCredentials(ca: Buffer | null, key: Buffer | null, cert: Buffer | null): ChannelCredentials {
  try {
    return credentials.createSsl(ca, key, cert);
  } catch (error) {
    const files = 'TRITON_CA_FILE, TRITON_CERT_FILE and TRITON_KEY_FILE';
    throw new ConfigError([`${files}: expected certificates and a key in PEM, got ${reasonOf(error)}.`]);
  }
}

/** `grpc://host:8001` or `grpcs://host`, nothing behind it; null for anything else. The port defaults to Triton's. */
export function parseServerUrl(url: string): { url: string; target: string; secure: boolean } | null {
  const parsed = URL.parse(url);
  if (parsed === null || (parsed.protocol !== 'grpc:' && parsed.protocol !== 'grpcs:')) return null;
  const { hostname, port, username, password, pathname, search, hash } = parsed;
  if (hostname === '' || `${username}${password}${search}${hash}` !== '' || !['', '/'].includes(pathname)) return null;
  return { url, target: `${hostname}:${port || '8001'}`, secure: parsed.protocol === 'grpcs:' };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
