import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServerCredentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ImageEngine } from '../../../src/engines/image-engine.ts';
import { parseServerUrl } from '../../../src/engines/triton/server-address.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { TritonServer } from '../../servers/triton.ts';
import { quietly, requestFor } from '../image-engine-contract.ts';
import { closeAll, open, serve } from './open-engine.ts';

afterEach(closeAll);

async function problemsOf(opening: Promise<ImageEngine>): Promise<string> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).problems.join('\n');
}

describe('a model that differs', () => {
  it('is refused at once, with every difference', async () => {
    const server = await serve({
      changeMetadata: ({ inputs, outputs }) => {
        const seeds = inputs.find(({ name }) => name === 'seeds');
        if (seeds) seeds.datatype = 'INT32';
        inputs.splice(
          inputs.findIndex(({ name }) => name === 'steps'),
          1,
        );
        const images = outputs.find(({ name }) => name === 'images');
        if (images) images.shape = [-1n, -1n, -1n, 4n];
      },
      changeConfig: ({ config }) => {
        if (config?.modelTransactionPolicy) config.modelTransactionPolicy.decoupled = false;
        const mask = config?.input.find(({ name }) => name === 'mask');
        if (mask) mask.optional = false;
      },
    });
    const problems = await problemsOf(open([server.url], { times: { startMs: 60_000 } }));
    expect(problems).toContain('Expected input `seeds` INT64 [any], got INT32 [any].');
    expect(problems).toContain('Expected input `steps` INT32 [1], got none.');
    expect(problems).toContain('Expected output `images` UINT8 [any, any, any, 3], got UINT8 [any, any, any, 4].');
    expect(problems).toContain('decoupled: true');
    expect(problems).toContain('`mask` without `optional: true`');
  });

  it('is not used while another server has the right one', async () => {
    const right = await serve();
    const wrong = await serve({ changeMetadata: ({ outputs }) => void outputs.pop() });
    const engine = await open([right.url, wrong.url]);
    await expect.poll(async () => (await engine.health()).detail).toMatch(/1 of 2 .*`unsafe` FP32 \[any\], got none/);
    expect(engine.describe().concurrency).toBe(1);
  });
});

describe('the description', () => {
  it('is that of Stable Diffusion 1.5 where the model tells none', async () => {
    const { url } = await serve();
    expect((await open([url])).describe().models).toEqual([
      {
        id: 'stable_diffusion',
        title: 'stable_diffusion',
        description: '',
        sizes: [{ width: 512, height: 512 }],
        defaultSize: { width: 512, height: 512 },
        defaultSteps: 50,
        defaultGuidanceScale: 7.5,
        defaultScheduler: 'ddim',
        canStartFromPicture: true,
        canPaintWithin: false,
        controls: [],
        loraScale: null,
        speeds: ['exact'],
        safetyChecker: false,
        enlarge: null,
        vocabulary: null,
      },
    ]);
  });

  it('comes from the model’s config, and a request names its model when there are several', async () => {
    const sizes = [{ width: 64, height: 64 }];
    const models = [
      { id: 'base', title: 'Base', sizes, defaultSize: sizes[0], defaultSteps: 4, vocabulary: { objects: ['boat'] } },
      { id: 'cats', sizes, defaultSize: sizes[0], canStartFromPicture: false },
    ];
    const server = await serve({ description: JSON.stringify({ models }) });
    const engine = await open([server.url]);
    expect(engine.describe().models.map(({ id, title, defaultSteps }) => [id, title, defaultSteps])).toEqual([
      ['base', 'Base', 4],
      ['cats', 'cats', 50],
    ]);
    const drawn = await engine.generate(requestFor(engine, { prompt: 'a zeppelin and a boat' }), quietly());
    expect(drawn.unknownWords).toEqual(['zeppelin']);
    await engine.generate(requestFor(engine, { model: 'cats' }), quietly());
    const named = server.requests.map(({ inputs, rawInputContents }) => {
      const raw = rawInputContents[inputs.findIndex(({ name }) => name === 'model')] ?? new Uint8Array();
      return Buffer.from(raw).toString('utf8', 4);
    });
    expect(named).toEqual(['base', 'cats']);
  });

  it.each([
    ['no JSON', 'sizes: 512', /describe the models/],
    [
      'a size that the wire cannot carry',
      '{"models":[{"id":"a","sizes":[{"width":500,"height":1}]}]}',
      /models\.0\.sizes/,
    ],
    ['a default that is not offered', '{"models":[{"id":"a","sizes":[{"width":64,"height":64}]}]}', /one of `sizes`/],
  ])('is refused in a sentence when it is %s', async (_, description, message) => {
    const { url } = await serve({ description });
    expect(await problemsOf(open([url]))).toMatch(message);
  });

  it('of a further server has to offer the same models', async () => {
    const describing = (id: string) => JSON.stringify({ models: [{ id }] });
    const [first, second] = [
      await serve({ description: describing('a') }),
      await serve({ description: describing('b') }),
    ];
    const engine = await open([first.url, second.url], { times: { startMs: 500, probeMs: 50 } });
    const [kept] = engine.describe().models;
    await expect.poll(async () => (await engine.health()).detail).toMatch(/got none of [ab]/);
    expect(['a', 'b']).toContain(kept?.id);
  });
});

describe('servers that are not there', () => {
  it('are named in one sentence each after the time to start', async () => {
    const gone = await serve();
    gone.kill();
    const waking = await serve();
    waking.setReady(false);
    const problems = await problemsOf(open([gone.url, waking.url]));
    expect(problems).toContain(`Expected ${gone.url} to answer, got`);
    expect(problems).toContain(`${waking.url} is not ready to serve \`stable_diffusion\``);
  });

  it('are waited for when they start later than the program', async () => {
    const server = await serve();
    server.setReady(false);
    const opening = open([server.url], { times: { startMs: 20_000 } });
    server.setReady(true);
    expect((await opening).describe().concurrency).toBe(1);
  });

  it('that accept a connection and say nothing do not hold the start for ever', async () => {
    const sockets: Socket[] = [];
    const mute: Server = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const times = { startMs: 300, probeTimeoutMs: 100 };
    const problems = await problemsOf(open([`grpc://127.0.0.1:${port}`], { times }));
    expect(problems).toMatch(/to finish in time/);
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});

describe('settings', () => {
  it.each([
    ['grpc://gpu:8001', 'gpu:8001', false],
    ['grpcs://gpu.example', 'gpu.example:8001', true],
    ['grpc://[::1]:9', '[::1]:9', false],
  ])('%s is understood', (url, target, secure) => {
    expect(parseServerUrl(url)).toEqual({ url, target, secure });
  });

  it.each(['gpu:8001', 'http://gpu:8001', 'grpc://', 'grpc://gpu/v2', 'grpc://user:word@gpu', 'grpc://gpu:99999'])(
    '%s is not',
    (url) => {
      expect(parseServerUrl(url)).toBeNull();
    },
  );

  it('are refused with every problem at once', async () => {
    const tls = { caFile: '/nowhere/ca.pem', certFile: '/nowhere/cert.pem' };
    const problems = await problemsOf(open(['http://gpu'], { tls }));
    expect(problems).toMatch(/TRITON_CA_FILE: expected a readable file/);
    expect(problems).toMatch(/TRITON_CERT_FILE and TRITON_KEY_FILE: expected both/);
    expect(problems).toMatch(/TRITON_URLS: expected grpc:\/\/host:8001 or grpcs:\/\/, got "http:\/\/gpu"/);
    expect(await problemsOf(open(['grpc://a'], { authHeader: 'secret' }))).not.toContain('secret');
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)(hasOpenssl ? 'TLS' : 'TLS (openssl, which makes the certificates, is not here)', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quartet-tls-'));
    await makeCertificate('test', 'key.pem', 'cert.pem');
    await makeCertificate('other', 'other-key.pem', 'other-cert.pem');
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** One that vouches for itself. */
  async function makeCertificate(name: string, key: string, certificate: string): Promise<void> {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const words = ['req', '-x509', ...curve, ...subject, '-days', '2', '-keyout', key, '-out', certificate];
    await promisify(execFile)('openssl', words, { cwd: folder });
  }

  async function secureServer(mutual: boolean): Promise<TritonServer> {
    const [key, cert] = await Promise.all([readFile(file('key.pem')), readFile(file('cert.pem'))]);
    return serve({ credentials: ServerCredentials.createSsl(cert, [{ private_key: key, cert_chain: cert }], mutual) });
  }

  it('is spoken to a server whose certificate the authority vouches for', async () => {
    const server = await secureServer(false);
    const engine = await open([server.url], { tls: { caFile: file('cert.pem') } });
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
  });

  it('is refused to a server that nobody vouches for', async () => {
    const server = await secureServer(false);
    expect(await problemsOf(open([server.url]))).toMatch(/certificate/);
  });

  it('is mutual when the server asks who we are', async () => {
    const server = await secureServer(true);
    const caFile = file('cert.pem');
    const engine = await open([server.url], { tls: { caFile, certFile: caFile, keyFile: file('key.pem') } });
    expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
    const other = { caFile, certFile: file('other-cert.pem'), keyFile: file('other-key.pem') };
    expect(await problemsOf(open([server.url], { tls: other }))).toMatch(/Expected grpcs/);
    await expect(open([server.url], { tls: { ...other, keyFile: caFile } })).rejects.toThrow(/in PEM/);
  });
});
