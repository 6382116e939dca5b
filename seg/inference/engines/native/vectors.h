/* Vectors as long as the CPU that is compiled for has them, and what the sources share. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 16
#define REGISTERS 32
#elif defined(__AVX__)
#define LANES 8
#define REGISTERS 16
#elif defined(__aarch64__)
#define LANES 4
#define REGISTERS 32
#else
#define LANES 4
#define REGISTERS 16
#endif

typedef float vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef int64_t integer;

static inline integer smaller(integer a, integer b) { return a < b ? a : b; }
static inline integer pieces(integer whole, integer piece) { return (whole + piece - 1) / piece; }
static inline integer round_up(integer a, integer unit) { return pieces(a, unit) * unit; }
static inline float larger(float a, float b) { return a > b ? a : b; }
