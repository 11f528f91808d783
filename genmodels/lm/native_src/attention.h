// Attention of single queries over keys and values in bfloat16.
//
// Keys go one after the other from position 0 on, so the order of every sum depends on the query's position
// alone, not on the queries beside it.
#pragma once

#include "vectors.h"

namespace {

// how many queries share what is read
constexpr int QUERIES = LANES == 16 ? 4 : 1;

// the sums of the lanes of LANES vectors
inline F lane_sums(const F *part) {
#if defined(__AVX512F__)
    __m512 quads[4];
    for (int i = 0; i < 4; ++i) {
        const __m512 a = (__m512)part[4 * i], b = (__m512)part[4 * i + 1];
        const __m512 c = (__m512)part[4 * i + 2], d = (__m512)part[4 * i + 3];
        const __m512d ab = _mm512_castps_pd(_mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)));
        const __m512d cd = _mm512_castps_pd(_mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d)));
        quads[i] = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd)),
                                 _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd)));
    }
    const __m512 first = _mm512_add_ps(_mm512_shuffle_f32x4(quads[0], quads[1], 0x88),
                                       _mm512_shuffle_f32x4(quads[0], quads[1], 0xdd));
    const __m512 second = _mm512_add_ps(_mm512_shuffle_f32x4(quads[2], quads[3], 0x88),
                                        _mm512_shuffle_f32x4(quads[2], quads[3], 0xdd));
    return (F)_mm512_add_ps(_mm512_shuffle_f32x4(first, second, 0x88),
                            _mm512_shuffle_f32x4(first, second, 0xdd));
#elif defined(__AVX2__)
    __m256 quads[2];
    for (int i = 0; i < 2; ++i)
        quads[i] = _mm256_hadd_ps(_mm256_hadd_ps((__m256)part[4 * i], (__m256)part[4 * i + 1]),
                                  _mm256_hadd_ps((__m256)part[4 * i + 2], (__m256)part[4 * i + 3]));
    return (F)_mm256_add_ps(_mm256_permute2f128_ps(quads[0], quads[1], 0x20),
                            _mm256_permute2f128_ps(quads[0], quads[1], 0x31));
#elif defined(__aarch64__)
    return (F)vpaddq_f32(vpaddq_f32((float32x4_t)part[0], (float32x4_t)part[1]),
                         vpaddq_f32((float32x4_t)part[2], (float32x4_t)part[3]));
#else
    F r;
    for (int i = 0; i < LANES; ++i) r[i] = sum(part[i]);
    return r;
#endif
}

// Q consecutive queries, the first of which sees `seen` keys, the next one more. Heads are WIDTH wide.
// `weights` is scratch of Q * (seen + Q + LANES) floats.
template <int Q, int WIDTH>
void attend(const float *queries, int query_stride, const uint32_t *keys, const uint32_t *values, int seen,
            float *weights, float *out, int out_stride) {
    constexpr int WORDS = WIDTH / 2, PAIRS = WORDS / LANES;
    const int most = seen + Q - 1;
    const int length = (most + LANES - 1) / LANES * LANES;
    const float shrink = 1.0f / __builtin_sqrtf(WIDTH);
    F q[Q][2 * PAIRS];
    for (int i = 0; i < Q; ++i)
        for (int j = 0; j < 2 * PAIRS; ++j) q[i][j] = load(queries + i * query_stride + j * LANES) * shrink;

    uint32_t rest[LANES * WORDS];
    for (int block = 0; block < most; block += LANES) {
        const uint32_t *key = keys + (int64_t)block * WORDS;
        if (block + LANES > most) {
            std::memset(rest, 0, sizeof rest);
            std::memcpy(rest, key, (size_t)(most - block) * WORDS * sizeof(uint32_t));
            key = rest;
        }
        F part[Q][LANES];
        for (int t = 0; t < LANES; ++t, key += WORDS) {
            F acc[Q] = {};
            for (int j = 0; j < PAIRS; ++j) {
                const U words = load_words(key + LANES * j);
                for (int i = 0; i < Q; ++i) {
                    acc[i] = fma(low(words), q[i][2 * j], acc[i]);
                    acc[i] = fma(high(words), q[i][2 * j + 1], acc[i]);
                }
            }
            for (int i = 0; i < Q; ++i) part[i][t] = acc[i];
        }
        for (int i = 0; i < Q; ++i) store(weights + i * length + block, lane_sums(part[i]));
    }

    I lane;
    for (int i = 0; i < LANES; ++i) lane[i] = i;
    float share[Q];
    for (int i = 0; i < Q; ++i) {
        float *row = weights + i * length;
        F peak = all(-3e38f);
        for (int block = 0; block < length; block += LANES)
            peak = larger(peak, lane < seen + i - block ? load(row + block) : all(-3e38f));
        const float most_likely = largest(peak);
        F total = {};
        for (int block = 0; block < length; block += LANES) {
            const F raw = exponential(load(row + block) - most_likely);
            const F p = (F)((I)raw & (lane < seen + i - block));
            total += p;
            store(row + block, p);
        }
        share[i] = 1.0f / sum(total);
    }

    F acc[Q][2 * PAIRS] = {};
    for (int t = 0; t < most; ++t) {
        for (int j = 0; j < PAIRS; ++j) {
            const U words = load_words(values + (int64_t)t * WORDS + LANES * j);
            for (int i = 0; i < Q; ++i) {
                const F p = all(weights[i * length + t]);
                acc[i][2 * j] = fma(low(words), p, acc[i][2 * j]);
                acc[i][2 * j + 1] = fma(high(words), p, acc[i][2 * j + 1]);
            }
        }
    }
    for (int i = 0; i < Q; ++i)
        for (int j = 0; j < 2 * PAIRS; ++j) store(out + i * out_stride + j * LANES, acc[i][j] * share[i]);
}

// y [out] = x [in] M, for a bfloat16 matrix laid out as [out / 2 LANES][in][LANES words]
inline void times_matrix(const float *x, const uint32_t *matrix, int in, int out, float *y) {
    for (int n = 0; n < out; n += 2 * LANES) {
        F first = {}, second = {};
        for (int i = 0; i < in; ++i, matrix += LANES) {
            const U words = load_words(matrix);
            const F factor = all(x[i]);
            first = fma(low(words), factor, first);
            second = fma(high(words), factor, second);
        }
        store(y + n, first);
        store(y + n + LANES, second);
    }
}

} // namespace
