// obligor-train: the companion that links libtorch and LightGBM. `obligor` starts it with the same arguments and streams.
#include "cli/train_commands.h"

int main(int argc, char** argv) {
  using obligor::cli::CommandSpec;
  constexpr CommandSpec kCommands[] = {
      {"compare", "train the zoo on the same folds, rank it, write the report and the best bundle",
       "  obligor compare loans.csv --target default --report report.html --save best.obligor\n"
       "  obligor compare taiwan --mirror data --folds folds/taiwan.csv --json\n"
       "  obligor compare loans.csv --target default --models logistic,lightgbm --cv 10 --json\n"
       "  obligor compare loans.csv --target default --folds folds.csv --oof oof.csv\n"
       "  obligor compare loans.csv --target default --param dnn.layers=3 --resume\n",
       obligor::cli::setup_compare},
  };
  return obligor::cli::run_program(argc, argv, kCommands);
}
