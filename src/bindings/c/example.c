/* Scores one row of a bundle: example m.obligor duration=24 purpose=car ...; a column that is not given is missing. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/c/obligor_score.h"

int main(int argc, char **argv) {
  obligor_model *model = argc > 1 ? obligor_open(argv[1], 1) : NULL;
  if (model == NULL) return fprintf(stderr, "%s\n", argc > 1 ? obligor_last_error() : "usage: example m.obligor NAME=VALUE ..."), 1;
  const obligor_layout *layout = obligor_schema(model);
  float numbers[layout->input_count + 1];
  const char *strings[layout->input_count + 1];
  obligor_column columns[layout->input_count + 1];
  for (size_t c = 0; c < layout->input_count; ++c) {
    const size_t length = strlen(layout->inputs[c].name);
    strings[c] = NULL;
    for (int a = 2; a < argc; ++a) {
      if (strncmp(argv[a], layout->inputs[c].name, length) == 0 && argv[a][length] == '=') strings[c] = argv[a] + length + 1;
    }
    numbers[c] = strings[c] == NULL ? NAN : strtof(strings[c], NULL);
    columns[c] = (obligor_column){.numbers = &numbers[c], .strings = &strings[c]};
  }
  float score = 0, *scores = &score;
  const size_t output = obligor_find_output(model, "probability");
  const int status = obligor_score_rows(model, columns, 1, &output, 1, &scores);
  if (status == OBLIGOR_OK) printf("%.6f\n", (double)score);
  else fprintf(stderr, "%s\n", obligor_last_error());
  obligor_close(model);
  return status == OBLIGOR_OK ? 0 : 1;
}
