/* Convolutions that normalise what they read.
 *
 * A step computes y = bias + sum over channels and taps of weight * max(least, scale * x + shift), zero beyond x's
 * border. Maps are planes of height x width floats, one a channel. Of a strip, some rows and columns of the map, a few
 * channels at a time are normalised into a slab that stays in a core's cache; all layers that read x add what these
 * channels give to their sums, which go to y once all channels are through. Threads take strips as they come, and begin
 * a step when the one before is done.
 *
 * 3x3 kernels take Winograd's short cut along the columns, F(4, 3) of Lavin and Gray, 'Fast Algorithms for
 * Convolutional Neural Networks', CVPR 2016: of six rows the slab holds six mixtures, the phases, and products with
 * these, 18 instead of 36, make four rows of y.
 *
 * Sums are made of blocks of outputs by some vectors of pixels, as many as fit the registers. Where these fill a row,
 * the slab's rows are aligned; else they lie behind each other, a zero in between, and vectors run on over their ends.
 * Behind each plane is room for a vector that is not full; x, too, is read up to a vector beyond its end.
 */
#include "vectors.h"

/* Vectors of pixels beside a block of outputs: one register holds a weight, one is spare. */
#define VECTORS(BLOCK) ((REGISTERS - 2) / ((BLOCK) + 1))

enum { SAME, POOLED, DOUBLED };
enum { ROWS = 4, PHASES = 6 };   /* of y, and what the slab holds of them, where kernels are 3x3 */

typedef struct {
  const float *x;                /* channels planes */
  const float *scale, *shift;    /* layers x channels */
  const float *weight;           /* channels in chunks; each layers x phases x blocks x channels x taps x block */
  const float *bias;             /* layers x outputs */
  float *y;                      /* layers x outputs planes; if doubled, outputs planes */
  integer channels, height, width;
  integer layers, outputs;       /* how many layers read x, and the outputs of each */
  integer y_height, y_width;
  integer kind;                  /* SAME; POOLED: the largest of 2x2; DOUBLED: two layers make every other column */
  integer parity;                /* if doubled, whether of the even or the odd rows */
  integer add;                   /* whether it is added to y; else the bias is */
  integer phases;                /* PHASES for 3x3 kernels, whose taps are the columns; else 1 */
  integer halo;                  /* 1 if taps reach beyond a pixel, else 0 */
  integer taps[2], rows[2][4], columns[2][4]; /* where a layer looks; one without an entry, as the first does */
  integer block, chunk;          /* outputs summed at once, channels normalised at once */
  integer strip_rows, strip_columns;
  integer taken, done;           /* strips */
  float least;
} Step;

typedef struct {
  integer top, left, rows, columns; /* of x */
  integer runs, run;             /* rows of a phase, and pixels summed in one go: a row's, or those of all */
  integer pitch, margin;         /* floats from row to row, and before the first one of the slab */
  integer phase, plane;          /* of the slab: floats from phase to phase and from plane to plane */
  integer phase_sums, sums;      /* the same of sums */
  integer outputs, pixels;       /* planes of sums a layer, and pixels summed at once */
} Strip;

/* Pixels summed at once, beside so many outputs. */
integer pixels_at_once(integer block) {
  switch (block) {
    case 8: return VECTORS(8) * LANES;
    case 6: return VECTORS(6) * LANES;
    case 5: return VECTORS(5) * LANES;
    default: return VECTORS(4) * LANES;
  }
}

static Strip strip_at(const Step *s, integer top, integer left) {
  Strip z = {.top = top, .left = left, .pixels = pixels_at_once(s->block), .outputs = round_up(s->outputs, s->block)};
  z.rows = smaller(s->strip_rows, s->height - top), z.columns = smaller(s->strip_columns, s->width - left);
  const integer rows = s->phases == 1 ? z.rows : pieces(z.rows, ROWS);
  const integer full = round_up(z.columns, z.pixels);
  if (full <= z.columns + z.columns / 16 || s->strip_columns < s->width) {
    z.margin = s->halo * LANES, z.pitch = z.margin + round_up(full + s->halo, LANES), z.runs = rows, z.run = z.columns;
  } else {
    z.margin = s->halo, z.pitch = z.margin + z.columns, z.runs = 1, z.run = rows * z.pitch;
  }
  z.phase_sums = round_up(rows * z.pitch + z.pixels, LANES), z.sums = s->phases * z.phase_sums;
  const integer slab_rows = s->phases == 1 ? z.rows + 2 * s->halo : rows;
  z.phase = round_up(z.margin + slab_rows * z.pitch + z.pixels + LANES, LANES), z.plane = s->phases * z.phase;
  return z;
}

/* Sums of BLOCK outputs at COUNT vectors of pixels: depth pairs of an offset in the slab and BLOCK weights, added to
 * what is there unless they are the first. */
#define SUM(NAME, BLOCK, COUNT)                                                                                     \
  static void NAME(float *sums, integer plane, const float *slab, const int32_t *offsets, const float *weight,      \
                   integer depth, int first) {                                                                      \
    vector total[BLOCK][COUNT], pixels[COUNT];                                                                      \
    for (int o = 0; o < BLOCK; o++)                                                                                 \
      for (int v = 0; v < COUNT; v++)                                                                               \
        total[o][v] = first ? (vector){} : *(vector *)(sums + o * plane + v * LANES);                               \
    for (integer k = 0; k < depth; k++, weight += BLOCK) {                                                          \
      for (int v = 0; v < COUNT; v++) pixels[v] = *(const vector *)(slab + offsets[k] + v * LANES);                 \
      for (int o = 0; o < BLOCK; o++)                                                                               \
        for (int v = 0; v < COUNT; v++) total[o][v] += weight[o] * pixels[v];                                       \
    }                                                                                                               \
    for (int o = 0; o < BLOCK; o++)                                                                                 \
      for (int v = 0; v < COUNT; v++) *(vector *)(sums + o * plane + v * LANES) = total[o][v];                      \
  }
#define SUMS(BLOCK) SUM(sum##BLOCK, BLOCK, VECTORS(BLOCK)) SUM(rest##BLOCK, BLOCK, 1)
SUMS(8) SUMS(6) SUMS(5) SUMS(4)

typedef void Sum(float *, integer, const float *, const int32_t *, const float *, integer, int);

/* For as many pixels as fit the registers, and for those of one vector. */
static Sum *sum_of(integer block, int one) {
  switch (block) {
    case 8: return one ? rest8 : sum8;
    case 6: return one ? rest6 : sum6;
    case 5: return one ? rest5 : sum5;
    default: return one ? rest4 : sum4;
  }
}

/* A row of x and what normalises it: to zero beyond x's border. */
typedef struct {
  const float *x;
  float scale, shift, least;
} Row;

static Row row_at(const Step *s, Strip z, integer layer, integer channel, integer row) {
  if (row < 0 || row >= s->height) return (Row){s->x + z.left, 0, 0, 0};
  const integer of = layer * s->channels + channel;
  return (Row){s->x + (channel * s->height + row) * s->width + z.left, s->scale[of], s->shift[of], s->least};
}

static vector normalised(Row row, integer at) {
  vector x = *(const vector *)(row.x + at) * row.scale + row.shift;
#if __has_builtin(__builtin_elementwise_max)
  return __builtin_elementwise_max(x, (vector){} + row.least);
#else /* gcc */
  for (int i = 0; i < LANES; i++) x[i] = larger(x[i], row.least);
  return x;
#endif
}

/* A row's border, where it lies within the slab. */
static void close_row(const Step *s, Strip z, float *row) {
  if (!z.left) row[-1] = 0;
  if (z.left + z.columns == s->width) row[z.columns] = 0;
}

/* Some channels of the strip and of what is beside it, as one layer sees them. */
static void normalise(const Step *s, Strip z, integer layer, integer first, integer channels, float *slab) {
  const integer from = s->halo && z.left ? -LANES : 0, to = z.columns + s->halo;
  for (integer c = first; c < first + channels; c++, slab += z.plane) {
    float *row = slab + z.margin;
    for (integer r = z.top - s->halo; r < z.top + z.rows + s->halo; r++, row += z.pitch) {
      const Row x = row_at(s, z, layer, c, r);
      for (integer i = from; i < to; i += LANES) *(vector *)(row + i) = normalised(x, i);
      if (s->halo) close_row(s, z, row);
    }
  }
}

/* The same for 3x3 kernels, in phases. */
static void transform(const Step *s, Strip z, integer layer, integer first, integer channels, float *slab) {
  const integer from = z.left ? -LANES : 0, to = z.columns + 1;
  for (integer c = first; c < first + channels; c++, slab += z.plane) {
    float *row = slab + z.margin;
    for (integer r = z.top - 1; r < z.top + z.rows - 1; r += ROWS, row += z.pitch) {
      Row x[PHASES];
      for (int k = 0; k < PHASES; k++) x[k] = row_at(s, z, layer, c, r + k);
      for (integer i = from; i < to; i += LANES) {
        const vector d0 = normalised(x[0], i), d1 = normalised(x[1], i), d2 = normalised(x[2], i);
        const vector d3 = normalised(x[3], i), d4 = normalised(x[4], i), d5 = normalised(x[5], i);
        const vector even = d4 - 4 * d2, odd = d3 - 4 * d1, half_even = d4 - d2, half_odd = 2 * (d3 - d1);
        float *at = row + i;
        *(vector *)at = 4 * d0 - 5 * d2 + d4;
        *(vector *)(at + z.phase) = even + odd;
        *(vector *)(at + 2 * z.phase) = even - odd;
        *(vector *)(at + 3 * z.phase) = half_even + half_odd;
        *(vector *)(at + 4 * z.phase) = half_even - half_odd;
        *(vector *)(at + 5 * z.phase) = 4 * d1 - 5 * d3 + d5;
      }
      for (int k = 0; k < PHASES; k++) close_row(s, z, row + k * z.phase);
    }
  }
}

static void convolve(const Step *s, Strip z, integer depth, const float *slab, const int32_t *offsets,
                     const float *weight, float *sums, int first) {
  for (integer i = 0; i < z.run; i += z.pixels) {
    Sum *sum = sum_of(s->block, z.run - i <= LANES);
    for (integer r = 0; r < z.runs; r++)
      for (integer o = 0; o < z.outputs; o += s->block)
        sum(sums + o * z.sums + r * z.pitch + i, z.sums, slab + r * z.pitch + i, offsets, weight + o * depth, depth,
            first);
  }
}

static void write_row(const Step *s, Strip z, integer output, integer row, const float *from) {
  float *y = s->y + (output * s->height + row) * s->width + z.left;
  if (s->add)
    for (integer i = 0; i < z.columns; i++) y[i] += from[i];
  else
    for (integer i = 0; i < z.columns; i++) y[i] = from[i] + s->bias[output];
}

static void write_same(const Step *s, Strip z, integer output, const float *sums) {
  for (integer r = 0; r < z.rows; r++) write_row(s, z, output, z.top + r, sums + r * z.pitch);
}

/* Four rows of six phases, which take the place of four of these: from the last ones on, since vectors run on over the
 * end of a row. */
static void write_transformed(const Step *s, Strip z, integer output, float *sums) {
  integer r = round_up(z.rows, ROWS);
  sums += r / ROWS * z.pitch;
  while ((r -= ROWS) >= 0) {
    sums -= z.pitch;
    for (integer i = 0; i < z.columns; i += LANES) {
      vector m[PHASES];
      for (int k = 0; k < PHASES; k++) m[k] = *(vector *)(sums + k * z.phase_sums + i);
      const vector even = m[1] + m[2], odd = m[1] - m[2], even_2 = m[3] + m[4], odd_2 = m[3] - m[4];
      *(vector *)(sums + i) = m[0] + even + even_2;
      *(vector *)(sums + z.phase_sums + i) = odd + 2 * odd_2;
      *(vector *)(sums + 2 * z.phase_sums + i) = even + 4 * even_2;
      *(vector *)(sums + 3 * z.phase_sums + i) = odd + 8 * odd_2 + m[5];
    }
    for (integer k = 0; k < smaller(ROWS, z.rows - r); k++)
      write_row(s, z, output, z.top + r + k, sums + k * z.phase_sums);
  }
}

static void write_pooled(const Step *s, Strip z, integer output, const float *sums) {
  for (integer r = 0; r < z.rows; r += 2) {
    const float *above = sums + r * z.pitch, *below = r + 1 < z.rows ? above + z.pitch : above;
    float *y = s->y + (output * s->y_height + (z.top + r) / 2) * s->y_width + z.left / 2;
    for (integer i = 0; i < z.columns / 2; i++)
      y[i] = s->bias[output] + larger(larger(above[2 * i], below[2 * i]), larger(above[2 * i + 1], below[2 * i + 1]));
    if (z.columns % 2) y[z.columns / 2] = s->bias[output] + larger(above[z.columns - 1], below[z.columns - 1]);
  }
}

static void write_doubled(const Step *s, Strip z, integer output, const float *even, const float *odd) {
  for (integer r = 0; r < z.rows; r++, even += z.pitch, odd += z.pitch) {
    const integer row = 2 * (z.top + r) + s->parity, columns = smaller(2 * z.columns, s->y_width - 2 * z.left);
    if (row >= s->y_height) break;
    float *y = s->y + (output * s->y_height + row) * s->y_width + 2 * z.left;
    for (integer i = 0; i < columns / 2; i++) {
      y[2 * i] = even[i] + s->bias[output];
      y[2 * i + 1] = odd[i] + s->bias[output];
    }
    if (columns % 2) y[columns - 1] = even[columns / 2] + s->bias[output];
  }
}

static void write(const Step *s, Strip z, float *sums) {
  for (integer layer = 0; layer < (s->kind == DOUBLED ? 1 : s->layers); layer++)
    for (integer o = 0; o < s->outputs; o++) {
      const integer output = layer * s->outputs + o;
      float *own = sums + (layer * z.outputs + o) * z.sums;
      if (s->kind == POOLED) write_pooled(s, z, output, own);
      else if (s->kind == DOUBLED) write_doubled(s, z, output, own, own + z.outputs * z.sums);
      else if (s->phases == PHASES) write_transformed(s, z, output, own);
      else write_same(s, z, output, own);
    }
}

static void compute(const Step *s, Strip z, float *scratch) {
  const integer above = s->phases == 1 ? s->halo : 0, layer_sums = z.outputs * z.sums;
  int32_t *offsets = (int32_t *)scratch;
  float *sums = scratch + round_up(4 * s->chunk, LANES), *slab = sums + s->layers * layer_sums;
  const float *weight = s->weight;
  for (integer first = 0; first < s->channels; first += s->chunk) {
    const integer channels = smaller(s->chunk, s->channels - first);
    for (integer layer = 0; layer < s->layers; layer++) {
      const integer own = layer < 2 && s->taps[layer] ? layer : 0, taps = s->taps[own], depth = channels * taps;
      int32_t *offset = offsets;
      for (integer c = 0; c < channels; c++)
        for (integer t = 0; t < taps; t++)
          *offset++ = c * z.plane + z.margin + (s->rows[own][t] + above) * z.pitch + s->columns[own][t];
      if (s->phases == PHASES) transform(s, z, layer, first, channels, slab);
      else normalise(s, z, layer, first, channels, slab);
      for (integer k = 0; k < s->phases; k++, weight += z.outputs * depth)
        convolve(s, z, depth, slab + k * z.phase, offsets, weight, sums + layer * layer_sums + k * z.phase_sums,
                 !first);
    }
  }
  write(s, z, sums);
}

/* Outputs that can be summed at once are 4, 5, 6 and, with so many registers, 8. */
integer largest_block(void) { return REGISTERS == 32 ? 8 : 6; }

/* How many floats beyond x's end may be read. */
integer beyond(void) { return LANES; }

/* Floats of scratch that a step needs. */
integer scratch_size(const Step *s) {
  const Strip z = strip_at(s, 0, 0);
  return round_up(4 * s->chunk, LANES) + s->layers * z.outputs * z.sums + s->chunk * z.plane;
}

/* What kernels.py mirrors of a step: its length in bytes, and the name and place of each field. */
#define FIELD(NAME) {#NAME, offsetof(Step, NAME)}
static const struct {
  char name[16];
  integer offset;
} fields[] = {FIELD(x), FIELD(scale), FIELD(shift), FIELD(weight), FIELD(bias), FIELD(y), FIELD(channels),
              FIELD(height), FIELD(width), FIELD(layers), FIELD(outputs), FIELD(y_height), FIELD(y_width), FIELD(kind),
              FIELD(parity), FIELD(add), FIELD(phases), FIELD(halo), FIELD(taps), FIELD(rows), FIELD(columns),
              FIELD(block), FIELD(chunk), FIELD(strip_rows), FIELD(strip_columns), FIELD(taken), FIELD(done),
              FIELD(least)};
integer step_size(void) { return sizeof(Step); }
integer step_fields(void) { return sizeof fields / sizeof *fields; }
const char *step_field(integer i) { return fields[i].name; }
integer step_offset(integer i) { return fields[i].offset; }

/* Called by every thread with scratch of its own, once taken and done are zero. rest: leaves the core to others. */
void run(Step *steps, integer count, float *scratch, int (*rest)(void)) {
  for (Step *s = steps; s < steps + count; s++) {
    const integer across = pieces(s->width, s->strip_columns), strips = across * pieces(s->height, s->strip_rows);
    for (integer i; (i = __atomic_fetch_add(&s->taken, 1, __ATOMIC_RELAXED)) < strips;) {
      compute(s, strip_at(s, i / across * s->strip_rows, i % across * s->strip_columns), scratch);
      __atomic_fetch_add(&s->done, 1, __ATOMIC_RELEASE);
    }
    while (__atomic_load_n(&s->done, __ATOMIC_ACQUIRE) < strips) rest();
  }
}

#ifdef _WIN32 /* which a library has to have there; the rest is exported without a word */
int DllMainCRTStartup(void *module, unsigned reason, void *reserved) { return module || reason || reserved || 1; }
#endif
