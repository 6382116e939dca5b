/* Runs kernels.c on small maps of odd shapes, each buffer just as long as it has to be, against convolutions as one
 * writes them down. For -fsanitize=address,undefined: what reaches beyond a buffer ends it, and so does a wrong sum.
 */
#include "kernels.c"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 3, LARGEST = 3 };

static const float WINOGRAD[PHASES][3] = {
    {1 / 4.f, 0, 0},
    {-1 / 6.f, -1 / 6.f, -1 / 6.f},
    {-1 / 6.f, 1 / 6.f, -1 / 6.f},
    {1 / 24.f, 1 / 12.f, 1 / 6.f},
    {1 / 24.f, -1 / 12.f, 1 / 6.f},
    {0, 0, 1},
};

/* What a layer computes: the pixels it looks at, and (outputs, channels, pixels) weights. */
typedef struct {
  integer taps, rows[9], columns[9];
  float *weight;
} Layer;

typedef struct {
  Step *step;
  float *scratch;
} Share;

static float random_number(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) / (1 << 24) - 0.5f;
}

static float *numbers(integer count) {
  float *made = malloc(count * sizeof(float));
  for (integer i = 0; i < count; i++) made[i] = random_number();
  return made;
}

static Layer square(integer size) {
  Layer made = {.taps = size * size};
  for (integer t = 0; t < made.taps; t++) made.rows[t] = t / size - size / 2, made.columns[t] = t % size - size / 2;
  return made;
}

/* What gives the pixels of one parity of rows and of columns of a transposed convolution, kernel 3, stride 2. */
static Layer doubling(integer row_parity, integer column_parity) {
  Layer made = {0};
  for (integer row = 0; row >= row_parity - 1; row--)
    for (integer column = 0; column >= column_parity - 1; column--)
      made.rows[made.taps] = row, made.columns[made.taps++] = column;
  return made;
}

static float *packed(const Step *s, const Layer *layers) {
  const integer blocks = pieces(s->outputs, s->block);
  integer size = 0;
  for (integer l = 0; l < s->layers; l++)
    size += s->phases * blocks * s->block * s->channels * (s->phases == PHASES ? 3 : layers[l].taps);
  float *made = malloc(size * sizeof(float)), *at = made;
  for (integer first = 0; first < s->channels; first += s->chunk)
    for (integer l = 0; l < s->layers; l++)
      for (integer k = 0; k < s->phases; k++)
        for (integer b = 0; b < blocks; b++)
          for (integer c = first; c < smaller(first + s->chunk, s->channels); c++)
            for (integer t = 0; t < (s->phases == PHASES ? 3 : layers[l].taps); t++)
              for (integer o = b * s->block; o < (b + 1) * s->block; o++) {
                const float *weight = layers[l].weight + (o * s->channels + c) * layers[l].taps;
                float value = 0;
                if (o < s->outputs && s->phases == PHASES)
                  for (int r = 0; r < 3; r++) value += WINOGRAD[k][r] * weight[3 * r + t];
                else if (o < s->outputs)
                  value = weight[t];
                *at++ = value;
              }
  return made;
}

static double convolved(const Step *s, const Layer *layers, integer l, integer o, integer row, integer column) {
  double sum = 0;
  for (integer c = 0; c < s->channels; c++)
    for (integer t = 0; t < layers[l].taps; t++) {
      const integer r = row + layers[l].rows[t], i = column + layers[l].columns[t], of = l * s->channels + c;
      if (r < 0 || r >= s->height || i < 0 || i >= s->width) continue;
      const double x = s->scale[of] * s->x[(c * s->height + r) * s->width + i] + s->shift[of];
      sum += layers[l].weight[(o * s->channels + c) * layers[l].taps + t] * fmax(s->least, x);
    }
  return sum;
}

static double expected(const Step *s, const Layer *layers, const float *before, integer plane, integer row,
                       integer column) {
  const integer l = plane / s->outputs, o = plane % s->outputs;
  if (s->kind == SAME) {
    const float start = s->add ? before[(plane * s->y_height + row) * s->y_width + column] : s->bias[plane];
    return start + convolved(s, layers, l, o, row, column);
  }
  if (s->kind == DOUBLED) return s->bias[o] + convolved(s, layers, column % 2, o, row / 2, column / 2);
  double largest = -INFINITY;
  for (integer r = 2 * row; r < smaller(2 * row + 2, s->height); r++)
    for (integer i = 2 * column; i < smaller(2 * column + 2, s->width); i++)
      largest = fmax(largest, convolved(s, layers, l, o, r, i));
  return s->bias[plane] + largest;
}

static int leave_the_core(void) { return sched_yield(); }

static void *work(void *share) {
  run(((Share *)share)->step, 1, ((Share *)share)->scratch, leave_the_core);
  return NULL;
}

static void run_with_threads(Step *s) {
  pthread_t threads[THREADS];
  Share shares[THREADS];
  for (int i = 0; i < THREADS; i++) {
    shares[i] = (Share){s, numbers(scratch_size(s))};
    pthread_create(&threads[i], NULL, work, &shares[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    free(shares[i].scratch);
  }
}

/* One step, of which kind, layers, taps and the sizes of x are given; y's odd sizes are cut where it is doubled. */
static void check(Step s, Layer *layers, integer cut) {
  const integer planes = s.kind == DOUBLED ? s.outputs : s.layers * s.outputs, size = s.channels * s.height * s.width;
  s.y_height = s.kind == POOLED ? pieces(s.height, 2) : s.kind == DOUBLED ? 2 * s.height - cut : s.height;
  s.y_width = s.kind == POOLED ? pieces(s.width, 2) : s.kind == DOUBLED ? 2 * s.width - cut : s.width;
  const integer y_size = planes * s.y_height * s.y_width;
  for (integer l = 0; l < s.layers; l++) layers[l].weight = numbers(s.outputs * s.channels * layers[l].taps);
  float *x = numbers(size + beyond()), *scale = numbers(s.layers * s.channels), *shift = numbers(s.layers * s.channels);
  float *bias = numbers(s.layers * s.outputs), *weight = packed(&s, layers), *y = numbers(y_size);
  float *before = malloc(y_size * sizeof(float));
  for (integer i = 0; i < y_size; i++) before[i] = y[i];
  s.x = x, s.scale = scale, s.shift = shift, s.bias = bias, s.weight = weight, s.y = y;
  run_with_threads(&s);
  for (integer i = 0; i < y_size; i++) {
    const integer row = i / s.y_width % s.y_height;
    if (s.kind == DOUBLED && row % 2 != s.parity) continue;
    const double right = expected(&s, layers, before, i / s.y_width / s.y_height, row, i % s.y_width);
    if (fabs(y[i] - right) <= 1e-4) continue;
    fprintf(stderr,
            "kind %d, %d phases, %d channels of %d x %d, %d outputs in blocks of %d, strips of %d x %d: "
            "%f instead of %f at %d\n",
            (int)s.kind, (int)s.phases, (int)s.channels, (int)s.height, (int)s.width, (int)s.outputs, (int)s.block,
            (int)s.strip_rows, (int)s.strip_columns, y[i], right, (int)i);
    exit(1);
  }
  for (integer l = 0; l < s.layers; l++) free(layers[l].weight);
  free(x), free(scale), free(shift), free(bias), free(weight), free(y), free(before);
}

static void check_strips(Step s, Layer *layers, integer cut) {
  const integer unit = s.phases == PHASES ? ROWS : s.kind == POOLED ? 2 : 1, pixels = pixels_at_once(s.block);
  for (integer rows = unit; rows <= 2 * unit; rows += unit) {
    s.strip_rows = rows;
    s.strip_columns = s.width, check(s, layers, cut);
    s.strip_columns = pixels, check(s, layers, cut);
  }
}

static void check_kinds(Step s) {
  Layer layers[LARGEST];
  for (s.layers = 1; s.layers <= LARGEST; s.layers += 2)
    for (s.add = 0; s.add <= 1; s.add++) {
      for (integer l = 0; l < s.layers; l++) layers[l] = square(3);
      s.kind = SAME, s.phases = PHASES, s.halo = 1, s.taps[0] = 3;
      for (int t = 0; t < 3; t++) s.columns[0][t] = t - 1;
      check_strips(s, layers, 0);
    }
  s.add = 0, s.layers = 1, s.phases = 1, s.halo = 0, s.taps[0] = 1, s.columns[0][0] = 0;
  for (s.kind = SAME; s.kind <= POOLED; s.kind++) {
    layers[0] = square(1);
    check_strips(s, layers, 0);
  }
  s.kind = DOUBLED, s.layers = 2, s.halo = 1;
  for (s.parity = 0; s.parity <= 1; s.parity++)
    for (integer cut = 0; cut <= 1; cut++) {
      for (int l = 0; l < 2; l++) {
        layers[l] = doubling(s.parity, l), s.taps[l] = layers[l].taps;
        for (integer t = 0; t < s.taps[l]; t++)
          s.rows[l][t] = layers[l].rows[t], s.columns[l][t] = layers[l].columns[t];
      }
      check_strips(s, layers, cut);
    }
}

int main(void) {
  static const integer sizes[][2] = {{1, 1}, {3, 2}, {5, 17}, {9, 15}, {7, 33}, {3, 110}};
  static const integer channels[] = {1, 5, 7}, outputs[] = {1, 5, 11}, blocks[] = {4, 5, 6, 8};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int c = 0; c < 3; c++)
      for (int b = 0; b < 4 && blocks[b] <= largest_block(); b++)
        check_kinds((Step){.height = sizes[i][0], .width = sizes[i][1], .channels = channels[c], .chunk = 3,
                           .outputs = outputs[(b + c) % 3], .block = blocks[b], .least = b % 2 ? -INFINITY : 0});
  return 0;
}
