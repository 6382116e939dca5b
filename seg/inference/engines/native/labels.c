/* From a network's logits to labels and confidence at another resolution.
 *
 * Rows of the logits are interpolated along the columns once and kept as long as rows of the picture need them. Between
 * two of them, some pixels at a time, as many as fit a register, all classes are interpolated, the first of the largest
 * is found, and its softmax probability: nothing else goes back to memory.
 */
#include "vectors.h"

enum { ACROSS = 1024, PITCH = ACROSS + LANES }; /* columns whose rows are kept, and floats from one to the next */
enum { NO_NUMBER = 0x7fff };                    /* of half precision */

typedef int32_t whole __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef uint16_t halves __attribute__((vector_size(2 * LANES), aligned(1), may_alias));

typedef struct {
  const float *logits;           /* classes planes of height rows */
  const int32_t *left, *right;   /* columns of the logits on both sides of each of the picture's */
  const float *share;            /* how much of the right one */
  uint8_t *labels;               /* of the picture */
  uint16_t *confidence;          /* of the picture, in half precision */
  integer classes, height, plane, pitch; /* floats from plane to plane and from row to row */
  integer rows, columns;         /* of the picture */
  integer first, last;           /* rows that are decided; last is not */
  integer strip;                 /* rows that a thread takes at once */
  integer taken;                 /* strips */
  float sharpness;               /* what logits are multiplied by before the softmax */
} Decision;

static vector either(whole which, vector a, vector b) { return (vector)(((whole)a & which) | ((whole)b & ~which)); }

/* e to the power of x, which is at most 0: to 3e-6 of it, and not less than the smallest float of full precision. */
static vector power(vector x) {
  const vector least = (vector){} - 87, magic = (vector){} + 12582912; /* 1.5 * 2^23: its last digit is one */
  x = either(x > least, x, least) * 1.44269504f;
  const vector shifted = x + magic, part = x - (shifted - magic);
  const vector high = .05550411f + part * (.00961813f + part * .00133336f);
  const vector made = 1 + part * (.69314718f + part * (.24022651f + part * high));
  return (vector)((whole)made + (((whole)shifted - (whole)magic) << 23));
}

/* The nearest number of half precision, of one between 2^-14 and 1, as its bits. */
static whole half(vector x) {
  const whole bits = (whole)x;
  return (bits + 0xfff + ((bits >> 13) & 1) - (112 << 23)) >> 13;
}

/* A row of all classes, along some columns of the picture. */
static void widen(const Decision *d, integer row, integer from, integer columns, float *to) {
  const int32_t *left = d->left + from, *right = d->right + from;
  const float *share = d->share + from;
  for (integer k = 0; k < d->classes; k++, to += PITCH) {
    const float *plane = d->logits + k * d->plane + row * d->pitch;
    for (integer i = 0; i < columns; i++) {
      const float value = plane[left[i]];
      to[i] = share[i] > 0 ? value + share[i] * (plane[right[i]] - value) : value; /* beside infinity, too */
    }
  }
}

/* The pixels of one vector between two rows. */
static void choose(const Decision *d, const float *above, const float *below, float weight, vector *values,
                   integer count, uint8_t *labels, uint16_t *confidence) {
  vector best = {}, total = {}, sound = {}; /* sound: no number if a class's is none */
  whole label = {};
  for (integer k = 0; k < d->classes; k++) {
    const vector a = *(const vector *)(above + k * PITCH), b = *(const vector *)(below + k * PITCH);
    vector value = a;
    if (weight > 0) value += weight * (b - a);
    const whole wins = value > best;
    best = either(k ? wins : ~(whole){}, value, best);
    label = (((whole){} + (int32_t)k) & wins) | (label & ~wins);
    values[k] = value;
  }
  for (integer k = 0; k < d->classes; k++) {
    const vector less = values[k] - best;
    total += power(less * d->sharpness), sound += less;
  }
  const bytes found = __builtin_convertvector(label, bytes);
  const halves sure = __builtin_convertvector(half(1 / total) | ((sound != sound) & NO_NUMBER), halves);
  if (count >= LANES) {
    *(bytes *)labels = found, *(halves *)confidence = sure;
  } else {
    for (integer i = 0; i < count; i++) labels[i] = found[i], confidence[i] = sure[i];
  }
}

static void decide_strip(const Decision *d, integer top, integer bottom, float *scratch) {
  float *kept[2] = {scratch, scratch + d->classes * PITCH};
  vector *values = (vector *)(kept[1] + d->classes * PITCH);
  for (integer from = 0; from < d->columns; from += ACROSS) {
    const integer columns = smaller(ACROSS, d->columns - from);
    integer held[2] = {-1, -1};
    for (integer row = top; row < bottom; row++) {
      double at = (row + .5) * d->height / d->rows - .5;
      at = at < 0 ? 0 : at > d->height - 1 ? d->height - 1 : at;
      const integer above = (integer)at, below = smaller(above + 1, d->height - 1);
      if (held[0] != above && held[1] == above) { /* what was below is above now */
        float *other = kept[0];
        kept[0] = kept[1], kept[1] = other, held[0] = above, held[1] = -1;
      }
      if (held[0] != above) widen(d, held[0] = above, from, columns, kept[0]);
      if (held[1] != below) widen(d, held[1] = below, from, columns, kept[1]);
      const integer to = row * d->columns + from;
      for (integer i = 0; i < columns; i += LANES)
        choose(d, kept[0] + i, kept[1] + i, (float)(at - above), values, columns - i, d->labels + to + i,
               d->confidence + to + i);
    }
  }
}

/* Floats of scratch that each thread needs. */
integer decision_scratch(const Decision *d) { return d->classes * (2 * PITCH + LANES); }

/* Called by every thread with scratch of its own, once taken is zero. */
void decide(Decision *d, float *scratch) {
  const integer strips = pieces(d->last - d->first, d->strip);
  for (integer i; (i = __atomic_fetch_add(&d->taken, 1, __ATOMIC_RELAXED)) < strips;)
    decide_strip(d, d->first + i * d->strip, smaller(d->first + (i + 1) * d->strip, d->last), scratch);
}
