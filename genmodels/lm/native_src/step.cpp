// All layers of the language model over the next positions of some streams. Plain C interface, no state, one
// thread; whatever is read belongs to the caller.
//
// The positions of all streams lie one after the other, so that products read the weights once for all of
// them; attention is each stream's own.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "attention.h"
#include "linear.h"

struct Norm {
    const float *weight, *bias; // [dim]
    float eps;
};

struct Layer {
    Norm norm1, norm_cross, norm2;
    Linear qkv, out, up, down;
};

struct Model {
    int32_t dim, num_heads, num_layers, n_q, card;
    const float *table; // [n_q, card + 1, dim]
    const Layer *layers;
    Norm out_norm;
    Linear heads;
};

// cross attention of one layer: scores = norm(x) A, result = softmax(scores) B
struct Cross {
    const uint32_t *scores;  // [rows][columns padded / 2 LANES][dim][LANES]
    const uint32_t *outputs; // [rows][dim / 2 LANES][columns][LANES]
};

// the next n positions of the rows of one stream
struct Call {
    int32_t rows, n, past, capacity;
    const int64_t *tokens; // [rows, n_q, n], or null:
    const float *input;    // [rows, n, dim]
    const float *added;    // [added_rows, n, dim]
    int32_t added_rows;
    int32_t cross_rows, cross_keys;
    const float *positions; // [n, dim]
    uint32_t *const *cache; // each layer's [2, rows, num_heads, capacity, head width / 2]
    const Cross *cross;
    const float *cross_bias; // [cross_rows, cross_keys], or null
    int32_t predicts;        // whether logits are wanted

    int count() const { return rows * n; }
};

namespace {

struct Free {
    void operator()(void *p) const { std::free(p); }
};

// aligned scratch, handed out in order
class Scratch {
  public:
    explicit Scratch(size_t floats) : memory_(std::malloc(floats * sizeof(float) + 64 * PARTS)) {
        next_ = reinterpret_cast<uintptr_t>(memory_.get());
    }
    bool ok() const { return memory_ != nullptr; }
    float *take(size_t floats) {
        next_ = (next_ + 63) / 64 * 64;
        float *part = reinterpret_cast<float *>(next_);
        next_ += floats * sizeof(float);
        return part;
    }

  private:
    static constexpr size_t PARTS = 16;
    std::unique_ptr<void, Free> memory_;
    uintptr_t next_;
};

void normalize(const Norm &norm, const float *x, int dim, float *y) {
    F total = {};
    for (int i = 0; i < dim; i += LANES) total += load(x + i);
    const float mean = sum(total) / dim;
    F squares = {};
    for (int i = 0; i < dim; i += LANES) {
        const F d = load(x + i) - mean;
        squares = fma(d, d, squares);
    }
    const float inverse = 1.0f / __builtin_sqrtf(sum(squares) / dim + norm.eps);
    for (int i = 0; i < dim; i += LANES)
        store(y + i, fma((load(x + i) - mean) * inverse, load(norm.weight + i), load(norm.bias + i)));
}

bool embed(const Model &model, const Call &call, float *x) {
    const int dim = model.dim;
    for (int row = 0; row < call.rows; ++row)
        for (int p = 0; p < call.n; ++p, x += dim) {
            if (call.tokens == nullptr) {
                std::memcpy(x, call.input + ((int64_t)row * call.n + p) * dim, dim * sizeof(float));
            } else {
                std::memset(x, 0, dim * sizeof(float));
                for (int k = 0; k < model.n_q; ++k) {
                    const int64_t token = call.tokens[((int64_t)row * model.n_q + k) * call.n + p];
                    if (token < 0 || token > model.card) return false;
                    const float *vector = model.table + (k * (int64_t)(model.card + 1) + token) * dim;
                    for (int i = 0; i < dim; i += LANES) store(x + i, load(x + i) + load(vector + i));
                }
            }
            if (row < call.added_rows) {
                const float *added = call.added + ((int64_t)row * call.n + p) * dim;
                for (int i = 0; i < dim; i += LANES) store(x + i, load(x + i) + load(added + i));
            }
            const float *position = call.positions + (int64_t)p * dim;
            for (int i = 0; i < dim; i += LANES) store(x + i, load(x + i) + load(position + i));
        }
    return true;
}

// keys and values of the new positions, from [rows * n, 3 * dim]
void remember(const Model &model, const Call &call, const float *qkv, uint32_t *cache) {
    const int dim = model.dim, width = dim / model.num_heads, words = width / 2;
    for (int part = 0; part < 2; ++part)
        for (int row = 0; row < call.rows; ++row)
            for (int head = 0; head < model.num_heads; ++head) {
                const int64_t place = ((int64_t)part * call.rows + row) * model.num_heads + head;
                uint32_t *to = cache + (place * call.capacity + call.past) * words;
                for (int p = 0; p < call.n; ++p, to += words) {
                    const float *from = qkv + ((int64_t)row * call.n + p) * 3 * dim + (part + 1) * dim + head * width;
                    for (int j = 0; j < words; j += LANES)
                        store(to + j, pack(load(from + 2 * j), load(from + 2 * j + LANES)));
                }
            }
}

template <int WIDTH>
void self_attention(const Model &model, const Call &call, const float *qkv, const uint32_t *cache,
                    float *weights, float *attended) {
    const int dim = model.dim, wide = 3 * dim;
    const int64_t head_words = (int64_t)call.capacity * WIDTH / 2;
    const int64_t value_words = (int64_t)call.rows * model.num_heads * head_words;
    for (int row = 0; row < call.rows; ++row)
        for (int head = 0; head < model.num_heads; ++head) {
            const uint32_t *keys = cache + ((int64_t)row * model.num_heads + head) * head_words;
            const uint32_t *values = keys + value_words;
            const float *q = qkv + (int64_t)row * call.n * wide + head * WIDTH;
            float *out = attended + (int64_t)row * call.n * dim + head * WIDTH;
            int p = 0;
            for (; p + QUERIES <= call.n; p += QUERIES, q += QUERIES * wide, out += QUERIES * dim)
                attend<QUERIES, WIDTH>(q, wide, keys, values, call.past + p + 1, weights, out, dim);
            for (; p < call.n; ++p, q += wide, out += dim)
                attend<1, WIDTH>(q, wide, keys, values, call.past + p + 1, weights, out, dim);
        }
}

void attention_of_width(const Model &model, const Call &call, const float *qkv, const uint32_t *cache,
                        float *weights, float *attended) {
    switch (model.dim / model.num_heads) {
    case 32: return self_attention<32>(model, call, qkv, cache, weights, attended);
    case 64: return self_attention<64>(model, call, qkv, cache, weights, attended);
    case 96: return self_attention<96>(model, call, qkv, cache, weights, attended);
    case 128: return self_attention<128>(model, call, qkv, cache, weights, attended);
    }
}

int padded(int n) { return (n + 31) / 32 * 32; }

// one position; `scores` is scratch of the padded columns
void cross_attention(const Model &model, const Call &call, const Norm &norm, const Cross &cross, int row,
                     float *normal, float *scores, float *x) {
    const int dim = model.dim, keys = call.cross_keys, columns = model.num_heads * keys;
    normalize(norm, x, dim, normal);
    times_matrix(normal, cross.scores + (int64_t)row * padded(columns) / 2 * dim, dim, padded(columns), scores);
    for (int head = 0; head < model.num_heads; ++head) {
        float *s = scores + head * keys;
        float most = -3e38f;
        for (int j = 0; j < keys; ++j) {
            if (call.cross_bias != nullptr) s[j] += call.cross_bias[row * keys + j];
            most = s[j] > most ? s[j] : most;
        }
        for (int j = 0; j < keys; ++j) s[j] -= most;
    }
    for (int i = 0; i < padded(columns); i += LANES) store(scores + i, exponential(load(scores + i)));
    for (int head = 0; head < model.num_heads; ++head) {
        float *s = scores + head * keys;
        float total = 0.0f;
        for (int j = 0; j < keys; ++j) total += s[j];
        for (int j = 0; j < keys; ++j) s[j] /= total;
    }
    times_matrix(scores, cross.outputs + (int64_t)row * columns * dim / 2, columns, dim, normal);
    for (int i = 0; i < dim; i += LANES) store(x + i, load(x + i) + load(normal + i));
}

} // namespace

extern "C" {

// Raised whenever the structures change.
int native_version() { return 2; }

// Whether weights are taken in panels.
int native_panels() { return NATIVE_PANELS; }

// Bfloat16 numbers j and j + so many are neighbours.
int native_lanes() { return LANES; }

// 0 if products and attention come out right on this processor.
int native_trial() {
    constexpr int IN = 64, OUT = 32, ROWS = 3, KEYS = 40;
    static int8_t weight[OUT * IN];
    static float scale[OUT], x[ROWS * IN], y[ROWS * OUT], scales[ROWS], weights[KEYS + 1 + LANES], out[64];
    static int32_t sums[OUT];
    static uint8_t bytes[ROWS * 2 * IN];
    static uint32_t keys[KEYS * 32], values[KEYS * 32];
    for (int i = 0; i < ROWS * IN; ++i) x[i] = (i * 37 % 101 - 50) / 16.0f;
    auto w = [](int n, int k) { return (n * 31 + k * 17) % 255 - 127; };
    for (int n = 0; n < OUT; ++n) {
        scale[n] = 0.5f;
        for (int k = 0; k < IN; ++k) {
            weight[NATIVE_PANELS ? (k / 4 * OUT + n) * 4 + k % 4 : n * IN + k] = (int8_t)w(n, k);
            sums[n] += w(n, k);
        }
    }
    const Quantized q{bytes, scales};
    quantize(x, ROWS, IN, q);
    multiply<false>(Linear{weight, scale, sums, IN, OUT}, q, ROWS, y);
    for (int row = 0; row < ROWS; ++row)
        for (int n = 0; n < OUT; ++n) {
            float exact = 0.0f;
            for (int k = 0; k < IN; ++k) exact += 0.5f * x[row * IN + k] * w(n, k);
            if (!(__builtin_fabsf(y[row * OUT + n] - exact) < 0.5f)) return 1;
        }
    // equal keys: the result is the mean of the values
    for (int t = 0; t < KEYS; ++t)
        for (int j = 0; j < 32; j += LANES) {
            store(keys + t * 32 + j, pack(all(1.0f), all(-2.0f)));
            store(values + t * 32 + j, pack(all((float)t), all((float)-t)));
        }
    attend<1, 64>(x, 0, keys, values, KEYS, weights, out, 0);
    for (int j = 0; j < 64; ++j) {
        const float mean = (KEYS - 1) / 2.0f * (j / LANES % 2 ? -1.0f : 1.0f);
        if (!(__builtin_fabsf(out[j] - mean) < 1e-3f)) return 2;
    }
    return 0;
}

// The next positions of `num_calls` streams. `logits` [rows of those that want them, heads.out] come in the
// order of the streams. Returns 0; 1: a token is out of range; 2: no memory.
int native_step(const Model *model_, const Call *calls, int32_t num_calls, float *logits) {
    const Model &model = *model_;
    const Call *end = calls + num_calls;
    const int dim = model.dim;
    const int hidden = model.num_layers > 0 ? model.layers[0].up.out : dim;
    const int widest = hidden > 3 * dim ? hidden : 3 * dim;
    int count = 0, predicting = 0, most_seen = 0;
    size_t columns = 0;
    for (const Call *call = calls; call < end; ++call) {
        count += call->count();
        if (call->predicts) predicting += call->rows;
        most_seen = std::max(most_seen, call->past + call->n);
        columns = std::max(columns, (size_t)padded(model.num_heads * call->cross_keys));
    }
    const size_t weights_size = 4 * (size_t)(most_seen + 32);
    Scratch scratch((size_t)count * (2 * dim + 2 * widest + 1) + weights_size + columns);
    if (!scratch.ok()) return 2;
    float *x = scratch.take((size_t)count * dim);
    float *normal = scratch.take((size_t)count * dim);
    float *wide = scratch.take((size_t)count * widest);
    Quantized q{reinterpret_cast<uint8_t *>(scratch.take((size_t)count * widest / 2)), scratch.take(count)};
    float *weights = scratch.take(weights_size);
    float *scores = scratch.take(columns);

    int64_t first = 0;
    for (const Call *call = calls; call < end; first += call++->count())
        if (!embed(model, *call, x + first * dim)) return 1;
    for (int i = 0; i < model.num_layers; ++i) {
        const Layer &layer = model.layers[i];
        // without a prediction, the last layer's keys and values are all that is wanted
        const bool ends_here = i + 1 == model.num_layers && predicting == 0;
        for (int p = 0; p < count; ++p) normalize(layer.norm1, x + (int64_t)p * dim, dim, normal + (int64_t)p * dim);
        quantize(normal, count, dim, q);
        multiply<false>(layer.qkv, q, count, wide);
        first = 0;
        for (const Call *call = calls; call < end; first += call++->count()) {
            const float *qkv = wide + first * 3 * dim;
            remember(model, *call, qkv, call->cache[i]);
            if (!ends_here) attention_of_width(model, *call, qkv, call->cache[i], weights, normal + first * dim);
        }
        if (ends_here) return 0;
        quantize(normal, count, dim, q);
        multiply<true>(layer.out, q, count, x);
        first = 0;
        for (const Call *call = calls; call < end; first += call++->count())
            for (int p = 0; p < call->cross_rows * call->n; ++p)
                cross_attention(model, *call, layer.norm_cross, call->cross[i], p / call->n, normal, scores,
                                x + (first + p) * dim);
        for (int p = 0; p < count; ++p) normalize(layer.norm2, x + (int64_t)p * dim, dim, normal + (int64_t)p * dim);
        quantize(normal, count, dim, q);
        multiply<false>(layer.up, q, count, wide);
        for (int64_t j = 0; j < (int64_t)count * hidden; j += LANES) store(wide + j, gelu(load(wide + j)));
        quantize(wide, count, hidden, q);
        multiply<true>(layer.down, q, count, x);
    }
    if (predicting == 0) return 0;
    float *last = normal;
    first = 0;
    for (const Call *call = calls; call < end; first += call++->count())
        for (int row = 0; call->predicts && row < call->rows; ++row, last += dim)
            normalize(model.out_norm, x + (first + (int64_t)(row + 1) * call->n - 1) * dim, dim, last);
    quantize(normal, predicting, dim, q);
    multiply<false>(model.heads, q, predicting, logits);
    return 0;
}
}
