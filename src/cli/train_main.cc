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
       "  obligor compare loans.csv --target default --param dnn.layers=3 --resume\n"
       "  obligor compare holdings.csv --task ranking --customer client --product product --time opened\n",
       obligor::cli::setup_compare},
      {"train", "fit one model, say how good it is by folds, and save it as a bundle",
       "  obligor train loans.csv --target default --model lightgbm --save m.obligor\n"
       "  obligor train loans.csv --target default --model dnn --param layers=3 --param dropout=0.2 --save m.obligor\n"
       "  obligor train loans.csv --target default --model logistic --out-of-time issued --cutoff 2024-01-01 --save m.obligor --json\n"
       "  obligor train --config train.toml --save m.obligor --no-cv\n",
       obligor::cli::setup_train},
  };
  return obligor::cli::run_program(argc, argv, kCommands);
}
