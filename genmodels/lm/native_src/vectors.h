// Some floats at a time, in the vector extension that GCC and Clang share, so that one source serves every
// processor. Compile with -ffp-contract=off: a product is fused with a sum only where `fma` says so, which
// makes a result independent of the loop that it was computed in.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int LANES = 16;
#elif defined(__AVX2__)
constexpr int LANES = 8;
#else
constexpr int LANES = 4;
#endif

typedef float F __attribute__((vector_size(4 * LANES)));
typedef int32_t I __attribute__((vector_size(4 * LANES)));
typedef uint32_t U __attribute__((vector_size(4 * LANES)));

inline F load(const float *p) {
    F v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline U load_words(const uint32_t *p) {
    U v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

template <typename T, typename V> inline void store(T *p, V v) { std::memcpy(p, &v, sizeof v); }

inline F all(float x) { return F{} + x; }

inline F fma(F a, F b, F c) {
#if defined(__AVX512F__)
    return (F)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__) && defined(__FMA__)
    return (F)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (F)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

inline F larger(F a, F b) { return a > b ? a : b; }

inline F absolute(F x) { return (F)((I)x & 0x7fffffff); }

inline float sum(F v) {
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) v[i] += v[i + half];
    return v[0];
}

inline float largest(F v) {
    float m = v[0];
    for (int i = 1; i < LANES; ++i) m = v[i] > m ? v[i] : m;
    return m;
}

// adding it leaves the rounded integer in the low bits; for |x| < 2^22
constexpr float ROUNDER = 12582912.0f;

inline I rounded(F x) { return (I)(x + ROUNDER) - (I)all(ROUNDER); }

// relative error about 1e-7; exactly 0 below -87
inline F exponential(F x) {
    const F bounded = x < 88.0f ? larger(x, all(-87.5f)) : all(88.0f);
    const F shifted = fma(bounded, all(1.44269504f), all(ROUNDER));
    const I n = (I)shifted - (I)all(ROUNDER);
    const F whole = shifted - ROUNDER;
    F r = fma(whole, all(-0.693359375f), bounded);
    r = fma(whole, all(2.12194440e-4f), r);
    F p = all(1.9875691500e-4f);
    p = fma(p, r, all(1.3981999507e-3f));
    p = fma(p, r, all(8.3334519073e-3f));
    p = fma(p, r, all(4.1665795894e-2f));
    p = fma(p, r, all(1.6666665459e-1f));
    p = fma(p, r, all(0.5f));
    p = fma(p, r * r, r + 1.0f);
    const F value = (F)((I)p + (n << 23));
    return (F)((I)value & (x >= -87.0f));
}

// x/2 (1 + erf(x / sqrt 2)) with the error function of Abramowitz and Stegun 7.1.26, to 2e-7
inline F gelu(F x) {
    const F z = absolute(x) * 0.70710678f;
    const F t = 1.0f / fma(z, all(0.3275911f), all(1.0f));
    F p = all(1.061405429f);
    p = fma(p, t, all(-1.453152027f));
    p = fma(p, t, all(1.421413741f));
    p = fma(p, t, all(-0.284496736f));
    p = fma(p, t, all(0.254829592f));
    const F tail = p * t * exponential(-z * z);
    // 1 + erf is the tail itself on the left, and 2 less the tail on the right
    return 0.5f * x * (x < 0.0f ? tail : 2.0f - tail);
}

// bfloat16 numbers are kept in pairs: a 32-bit word j of 2 * LANES numbers holds number j in its low half and
// number j + LANES in its high half, so that both halves widen to floats in order
inline U bfloat_bits(F x) {
    const U bits = (U)x;
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

inline U pack(F low, F high) { return bfloat_bits(low) | (bfloat_bits(high) << 16); }
inline F low(U words) { return (F)(words << 16); }
inline F high(U words) { return (F)(words & 0xffff0000u); }

} // namespace
