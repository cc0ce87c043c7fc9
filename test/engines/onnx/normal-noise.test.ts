import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalNoise } from '../../../src/engines/onnx/normal-noise.ts';
import { type PhiloxCounter, type PhiloxKey, philox4x32 } from '../../../src/engines/onnx/philox.ts';
import { readVectors } from './test-vectors.ts';

const vectors = readVectors().noise;
const word = fc.integer({ min: 0, max: 0xffff_ffff });

describe('Philox4x32-10', () => {
  it.each(vectors.philox)('gives Random123’s known answer for counter $counter', ({ counter, key, output }) => {
    expect(philox4x32(counter as unknown as PhiloxCounter, key as unknown as PhiloxKey)).toEqual(output);
  });

  it('equals the same rounds in big integers, for any counter and key', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(philox4x32(counter, key)).toEqual(philoxInBigIntegers(counter, key));
      }),
    );
  });
});

describe('normal noise', () => {
  it.each(vectors.normals)('equals numpy’s for seed $seed, stream $stream', ({ seed, stream, values }) => {
    const noise = normalNoise(seed, stream, values.length);
    expect(Math.max(...unitsInLastPlace(noise, Float32Array.from(values)))).toBeLessThanOrEqual(1);
  });

  it('sums to what numpy’s sums to, over a whole picture', () => {
    const { seed, stream, length, sum, sum_of_squares } = vectors.moments;
    const noise = normalNoise(seed, stream, length);
    expect(noise.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 3);
    expect(noise.reduce((total, value) => total + value ** 2, 0)).toBeCloseTo(sum_of_squares, 2);
  });

  it('begins alike at every length, so that a picture’s noise does not depend on what follows', () => {
    fc.assert(
      fc.property(word, fc.nat(150), fc.nat(64), fc.nat(64), (seed, stream, shorter, more) => {
        const long = normalNoise(seed, stream, shorter + more);
        expect(normalNoise(seed, stream, shorter)).toEqual(long.slice(0, shorter));
        expect(long.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('differs between streams and between neighbouring seeds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_fffe }), fc.nat(149), (seed, stream) => {
        const noise = normalNoise(seed, stream, 8);
        expect(normalNoise(seed + 1, stream, 8)).not.toEqual(noise);
        expect(normalNoise(seed, stream + 1, 8)).not.toEqual(noise);
      }),
    );
  });
});

function philoxInBigIntegers(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd251_1f53n * c0;
    const p1 = 0xcd9e_8d57n * c2;
    [c0, c1, c2, c3] = [(p1 >> 32n) ^ c1 ^ k0, BigInt.asUintN(32, p1), (p0 >> 32n) ^ c3 ^ k1, BigInt.asUintN(32, p0)];
    k0 = BigInt.asUintN(32, k0 + 0x9e37_79b9n);
    k1 = BigInt.asUintN(32, k1 + 0xbb67_ae85n);
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Neighbouring floats of one sign are neighbouring integers. */
function unitsInLastPlace(a: Float32Array, b: Float32Array): number[] {
  const [x, y] = [new Int32Array(a.buffer), new Int32Array(b.buffer)];
  return [...x].map((value, index) => Math.abs(value - (y[index] ?? Number.NaN)));
}
