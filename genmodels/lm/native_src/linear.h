// Products of 16-bit activations, one scale a row, with 8-bit weights, one scale an output.
//
// Integer sums are exact, so a row's result depends neither on the rows beside it nor on how many there are.
#pragma once

#include "vectors.h"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && !defined(NATIVE_PORTABLE)
#define NATIVE_PANELS 1
#else
#define NATIVE_PANELS 0
#endif

struct Linear {
    const int8_t *weight; // panels [out / 32][in / 4][32][4] if NATIVE_PANELS, else [out][in]
    const float *scale;   // [out]
    const int32_t *sums;  // [out] of the weights; for panels
    int32_t in, out;      // multiples of 32
};

namespace {

constexpr int PANEL = 32;

// rows of [in] floats as 16-bit integers, 2 * in bytes each
struct Quantized {
    uint8_t *bytes;
    float *scale;
};

#if NATIVE_PANELS

// weights lie in the order of their use, so what comes next can be asked for early
constexpr int AHEAD = 16384;

typedef uint8_t Bytes __attribute__((vector_size(16)));

// The instruction multiplies unsigned by signed bytes: high and low bytes of x + 32768 go in planes of their
// own.
inline void put(uint8_t *row, int i, int in, I value) {
    const I biased = value + 32768;
    store(row + i, __builtin_convertvector(biased >> 8, Bytes));
    store(row + in + i, __builtin_convertvector(biased & 255, Bytes));
}

template <int M, bool ADD>
inline void panel(const Linear &linear, const Quantized &x, int row, int n, float *y) {
    const int in = linear.in;
    const int8_t *w = linear.weight + (int64_t)n * in;
    const uint8_t *rows[M];
    __m512i high[M][2], low[M][2];
    for (int m = 0; m < M; ++m) {
        rows[m] = x.bytes + (int64_t)(row + m) * 2 * in;
        for (int b = 0; b < 2; ++b) high[m][b] = low[m][b] = _mm512_setzero_si512();
    }
// GCC copies every sum from register to register once a turn
#pragma GCC unroll 2
    for (int k = 0; k < in; k += 4, w += 4 * PANEL) {
        _mm_prefetch((const char *)w + AHEAD, _MM_HINT_T0);
        _mm_prefetch((const char *)w + AHEAD + 64, _MM_HINT_T0);
        const __m512i w0 = _mm512_loadu_si512(w), w1 = _mm512_loadu_si512(w + 64);
        for (int m = 0; m < M; ++m) {
            int32_t four;
            std::memcpy(&four, rows[m] + k, 4);
            const __m512i h = _mm512_set1_epi32(four);
            std::memcpy(&four, rows[m] + in + k, 4);
            const __m512i l = _mm512_set1_epi32(four);
            high[m][0] = _mm512_dpbusd_epi32(high[m][0], h, w0);
            high[m][1] = _mm512_dpbusd_epi32(high[m][1], h, w1);
            low[m][0] = _mm512_dpbusd_epi32(low[m][0], l, w0);
            low[m][1] = _mm512_dpbusd_epi32(low[m][1], l, w1);
        }
    }
    for (int m = 0; m < M; ++m)
        for (int b = 0; b < 2; ++b) {
            const int at = n + b * LANES;
            I sums;
            std::memcpy(&sums, linear.sums + at, sizeof sums);
            const F upper = __builtin_convertvector((I)high[m][b] - sums * 128, F);
            const F lower = __builtin_convertvector((I)low[m][b], F);
            const F scale = load(linear.scale + at) * x.scale[row + m];
            float *out = y + (int64_t)(row + m) * linear.out + at;
            const F value = fma(upper, all(256.0f), lower) * scale;
            store(out, ADD ? load(out) + value : value);
        }
}

#else

inline void put(uint8_t *row, int i, int, I value) {
    typedef int16_t Shorts __attribute__((vector_size(2 * LANES)));
    store((int16_t *)row + i, __builtin_convertvector(value, Shorts));
}

// so many products of 16 by 8 bits fit into 32
constexpr int BLOCK = 512;

// dot products of M rows, `stride` apart, with one; n is a multiple of 32
template <int M> inline void dots(const int16_t *rows, int stride, const int8_t *w, int n, int32_t *out) {
#if defined(__AVX2__)
    __m256i acc[M];
    for (int m = 0; m < M; ++m) acc[m] = _mm256_setzero_si256();
    for (int k = 0; k < n; k += 16) {
        const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + k)));
        for (int m = 0; m < M; ++m) {
            const __m256i a = _mm256_loadu_si256((const __m256i *)(rows + (int64_t)m * stride + k));
            acc[m] = _mm256_add_epi32(acc[m], _mm256_madd_epi16(a, wide));
        }
    }
    for (int m = 0; m < M; ++m) {
        __m128i v = _mm_add_epi32(_mm256_castsi256_si128(acc[m]), _mm256_extracti128_si256(acc[m], 1));
        v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
        v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
        out[m] = _mm_cvtsi128_si32(v);
    }
#else
    for (int m = 0; m < M; ++m) {
        int32_t part = 0;
        for (int k = 0; k < n; ++k) part += rows[(int64_t)m * stride + k] * w[k];
        out[m] = part;
    }
#endif
}

template <int M, bool ADD>
inline void panel(const Linear &linear, const Quantized &x, int row, int first, float *y) {
    const int in = linear.in;
    const int16_t *rows = (const int16_t *)x.bytes + (int64_t)row * in;
    for (int n = first; n < first + PANEL; ++n) {
        const int8_t *w = linear.weight + (int64_t)n * in;
        float total[M] = {};
        for (int start = 0; start < in; start += BLOCK) {
            int32_t part[M];
            dots<M>(rows + start, in, w + start, in - start < BLOCK ? in - start : BLOCK, part);
            for (int m = 0; m < M; ++m) total[m] += (float)part[m];
        }
        for (int m = 0; m < M; ++m) {
            const float value = total[m] * (linear.scale[n] * x.scale[row + m]);
            float *out = y + (int64_t)(row + m) * linear.out + n;
            *out = ADD ? *out + value : value;
        }
    }
}

#endif

inline void quantize(const float *x, int rows, int in, Quantized to) {
    for (int row = 0; row < rows; ++row, x += in) {
        F peak = {};
        for (int i = 0; i < in; i += LANES) peak = larger(peak, absolute(load(x + i)));
        const float most = largest(peak);
        to.scale[row] = most / 32767.0f;
        const float inverse = most > 1e-30f ? 32767.0f / most : 0.0f;
        uint8_t *bytes = to.bytes + (int64_t)row * 2 * in;
        for (int i = 0; i < in; i += LANES) put(bytes, i, in, rounded(load(x + i) * inverse));
    }
}

// y [rows, out] = x W^T, or y += x W^T
template <bool ADD> void multiply(const Linear &linear, const Quantized &x, int rows, float *y) {
    for (int n = 0; n < linear.out; n += PANEL) {
        int row = 0;
        for (; row + 4 <= rows; row += 4) panel<4, ADD>(linear, x, row, n, y);
        switch (rows - row) {
        case 3: panel<3, ADD>(linear, x, row, n, y); break;
        case 2: panel<2, ADD>(linear, x, row, n, y); break;
        case 1: panel<1, ADD>(linear, x, row, n, y); break;
        }
    }
}

} // namespace
