/* libobligor_score: scores rows with a bundle (NAME.obligor) from C and from whatever can call C. docs/c-api.md has a worked example.
 *
 *   obligor_model *model = obligor_open("m.obligor", 1);
 *   if (model == NULL) fprintf(stderr, "%s\n", obligor_last_error());
 *   size_t output = obligor_find_output(model, "probability");
 *   obligor_score_rows(model, columns, rows, &output, 1, &scores);
 *   obligor_close(model);
 *
 * Contract. Opening checks the file whole: a damaged or newer one is refused with one line, and nothing in it can run code. A model is
 * read-only: any number of threads may score with it at once. Scoring reads the caller's arrays where they stand, keeps no pointer, and
 * allocates nothing but a workspace at a thread's first call with its largest model. A row's scores do not depend on the other rows.
 * No function lets an exception out. */
#ifndef OBLIGOR_SCORE_H
#define OBLIGOR_SCORE_H

/* A header of C: its names and types are C's. */
/* NOLINTBEGIN(modernize-deprecated-headers,modernize-use-using,modernize-redundant-void-arg,readability-identifier-naming) */
#include <stddef.h>

#if defined(__GNUC__)
#define OBLIGOR_SCORE_API __attribute__((visibility("default")))
#else
#define OBLIGOR_SCORE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct obligor_model obligor_model;

/* What obligor_score_rows returns. obligor_last_error() has the line for people. */
enum obligor_status {
  OBLIGOR_OK = 0,
  OBLIGOR_INVALID = 1,     /* an argument */
  OBLIGOR_NOT_FOUND = 2,   /* a file, a name */
  OBLIGOR_UNSUPPORTED = 3, /* what this build cannot do */
  OBLIGOR_DATA = 4,        /* a file that is no bundle, or damaged */
  OBLIGOR_IO = 5,          /* the disk */
  OBLIGOR_INTERNAL = 8     /* out of memory, or a fault of the library */
};

enum obligor_kind {
  OBLIGOR_NUMBER = 0,   /* numbers; NaN is missing */
  OBLIGOR_CATEGORY = 1, /* strings; a null pointer is missing, an empty string is a value */
  OBLIGOR_DATE = 2      /* numbers: days since 1970-01-01; NaN is missing */
};

typedef struct obligor_field {
  const char* name;
  int kind;     /* of an input: enum obligor_kind */
  size_t width; /* of an output: numbers a row */
} obligor_field;

/* The columns that the model reads, in the order in which obligor_score_rows wants them, and what it can give. */
typedef struct obligor_layout {
  const obligor_field* inputs;
  size_t input_count;
  const obligor_field* outputs; /* a bundle of Obligor has log_odds, probability (of bad) and points */
  size_t output_count;
} obligor_layout;

/* A raw column, by the kind of its input: numbers, or strings. Strings are UTF-8; without lengths they end with a zero byte. */
typedef struct obligor_column {
  const float* numbers;
  const char* const* strings;
  const size_t* lengths;
} obligor_column;

/* NULL on failure. threads: for batches of 512 rows and more; 0 is one a core, 1 is the caller's own thread alone. */
OBLIGOR_SCORE_API obligor_model* obligor_open(const char* path, int threads);
/* Valid until obligor_close(model). NULL where model is NULL. */
OBLIGOR_SCORE_API const obligor_layout* obligor_schema(const obligor_model* model);
/* The number of the output of that name, or (size_t)-1. */
OBLIGOR_SCORE_API size_t obligor_find_output(const obligor_model* model, const char* name);
/* columns: one an input. outputs: numbers of outputs. scores[i]: room for rows x width of outputs[i], row by row. Returns an
 * obligor_status; on failure the scores are untouched. */
OBLIGOR_SCORE_API int obligor_score_rows(const obligor_model* model, const obligor_column* columns, size_t rows, const size_t* outputs,
                                         size_t output_count, float* const* scores);
/* No call with the model may be under way. NULL is allowed. */
OBLIGOR_SCORE_API void obligor_close(obligor_model* model);
/* Why the last call on this thread that failed did so: one line, valid until the next that fails. Never NULL. */
OBLIGOR_SCORE_API const char* obligor_last_error(void);

#ifdef __cplusplus
}
#endif

/* NOLINTEND(modernize-deprecated-headers,modernize-use-using,modernize-redundant-void-arg,readability-identifier-naming) */
#endif
