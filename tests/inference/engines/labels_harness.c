/* Runs labels.c on small maps of odd sizes, each buffer just as long as it has to be, against labels and confidence as
 * one writes them down. For -fsanitize=address,undefined.
 */
#include "labels.c"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static float random_number(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return 8 * ((float)(state >> 8) / (1 << 24) - 0.5f);
}

static float as_float(uint16_t half) { return ldexpf(1024 + (half & 1023), (half >> 10) - 25); }

static double place(integer i, integer size, integer of) {
  const double at = (i + .5) * of / size - .5;
  return at < 0 ? 0 : at > of - 1 ? of - 1 : at;
}

static double value(const Decision *d, integer width, integer k, integer row, integer column) {
  const double y = place(row, d->rows, d->height), x = place(column, d->columns, width);
  const integer top = (integer)y, left = (integer)x;
  const integer bottom = smaller(top + 1, d->height - 1), right = smaller(left + 1, width - 1);
  const float *plane = d->logits + k * d->plane, *above = plane + top * d->pitch, *below = plane + bottom * d->pitch;
  const double across = x - left, down = y - top;
  return (1 - down) * ((1 - across) * above[left] + across * above[right]) +
         down * ((1 - across) * below[left] + across * below[right]);
}

static void check(integer classes, integer height, integer width, integer rows, integer columns, integer strip) {
  const integer size = classes * height * width, pixels = rows * columns;
  float *logits = malloc(size * sizeof(float)), *share = malloc(columns * sizeof(float));
  int32_t *left = malloc(columns * sizeof(int32_t)), *right = malloc(columns * sizeof(int32_t));
  uint8_t *labels = malloc(pixels);
  uint16_t *confidence = malloc(pixels * sizeof(uint16_t));
  for (integer i = 0; i < size; i++) logits[i] = random_number();
  for (integer i = 0; i < columns; i++) {
    const double at = place(i, columns, width);
    left[i] = (int32_t)at, right[i] = (int32_t)smaller(left[i] + 1, width - 1), share[i] = (float)(at - left[i]);
  }
  Decision d = {.logits = logits, .left = left, .right = right, .share = share, .labels = labels};
  d.confidence = confidence, d.classes = classes, d.height = height, d.plane = height * width, d.pitch = width;
  d.rows = rows, d.columns = columns, d.strip = strip, d.sharpness = .7f;
  float *scratch = malloc(decision_scratch(&d) * sizeof(float));
  for (d.first = 0; d.first < rows; d.first = d.last) {
    d.last = smaller(d.first + 5, rows), d.taken = 0;
    decide(&d, scratch);
  }
  for (integer i = 0; i < pixels; i++) {
    double best = -INFINITY, total = 0;
    for (integer k = 0; k < classes; k++) best = fmax(best, value(&d, width, k, i / columns, i % columns));
    for (integer k = 0; k < classes; k++)
      total += exp(.7 * (value(&d, width, k, i / columns, i % columns) - best));
    const double found = value(&d, width, labels[i], i / columns, i % columns);
    if (fabs(found - best) <= 1e-4 && fabs(as_float(confidence[i]) - 1 / total) <= 5e-4) continue;
    fprintf(stderr, "%d classes of %d x %d at %d x %d: label %d, %f for %f, confidence %f for %f at %d\n", (int)classes,
            (int)height, (int)width, (int)rows, (int)columns, labels[i], found, best, as_float(confidence[i]),
            1 / total, (int)i);
    exit(1);
  }
  free(logits), free(share), free(left), free(right), free(labels), free(confidence), free(scratch);
}

int main(void) {
  static const integer sizes[][4] = {{1, 1, 1, 1},   {3, 5, 7, 11},     {4, 6, 8, 12},         {9, 20, 4, 7},
                                     {6, 17, 6, 17}, {2, 300, 3, 1030}, {5, 1, 40, ACROSS + 1}};
  static const integer classes[] = {1, 2, 11};
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int c = 0; c < 3; c++)
      for (integer strip = 1; strip <= 4; strip += 3)
        check(classes[c], sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], strip);
  return 0;
}
