// obligor: the program. Light: it links neither libtorch nor LightGBM, and opens DuckDB when a file is read.
#include "cli/commands.h"

int main(int argc, char** argv) {
  using obligor::cli::CommandSpec;
  constexpr CommandSpec kCommands[] = {
      {"compare", "train the zoo on the same folds, rank it, write the report and the best bundle", "", nullptr},
      {"train", "fit one model, say how good it is by folds, and save it as a bundle", "", nullptr},
      {"score", "score rows with a saved bundle, in memory that does not grow with the file",
       "  obligor score m.obligor loans.csv --out scores.csv\n"
       "  obligor score m.obligor loans.parquet --out scores.parquet --keep loan_id --reasons 4\n"
       "  obligor score m.obligor --sql \"select * from read_parquet('loans/*.parquet')\" --out scores.csv --json\n",
       obligor::cli::setup_score},
      {"inspect", "what is inside a bundle: model, inputs, metrics, training data, plan",
       "  obligor inspect m.obligor\n"
       "  obligor inspect m.obligor --plan\n"
       "  obligor inspect m.obligor --json\n",
       obligor::cli::setup_inspect},
      {"export", "a bundle for other engines: ONNX, SQL, or a scorecard's table of points",
       "  obligor export card.obligor --to csv --out card.csv\n"
       "  obligor export m.obligor --to onnx --out m.onnx\n"
       "  obligor export m.obligor --to sql --dialect postgresql --table risk.loans --keep loan_id --out score.sql\n",
       obligor::cli::setup_export},
      {"import", "a model of LightGBM or XGBoost, logistic coefficients or a scorecard's table, as a bundle",
       "  obligor import model.txt --from lightgbm --out m.obligor\n"
       "  obligor import model.ubj --from xgboost --out m.obligor\n"
       "  obligor import card.csv --from scorecard --points 600 --odds 50 --double-odds 20 --out m.obligor\n",
       obligor::cli::setup_import},
      {"reconcile", "which rows a bundle scores otherwise than another program, by how much and why",
       "  obligor reconcile m.obligor loans.csv --scores old_points --output points\n"
       "  obligor reconcile m.obligor loans.csv --scores scores.csv --differences rows.csv --json\n",
       obligor::cli::setup_reconcile},
      {"prove", "that the bundle scores the same by every backend, on data and on edge rows",
       "  obligor prove m.obligor loans.csv\n"
       "  obligor prove m.obligor --backends native,onnx --keep --json\n",
       obligor::cli::setup_prove},
      {"bin", "optimal bins of each column: table, WoE, information value",
       "  obligor bin loans.csv --target default --special -9999\n"
       "  obligor bin taiwan --mirror data --columns PAY_0,LIMIT_BAL --max-bins 5 --trend monotone\n"
       "  obligor bin loans.csv --target default --summary --out bins.json --html bins.html\n",
       obligor::cli::setup_bin},
      {"embed", "a network of payments or guarantees as a table: a vector a node (node2vec, DeepWalk)",
       "  obligor embed payments.csv --source payer --target payee --weight amount --out nodes.parquet\n"
       "  obligor embed guarantees.parquet --source firm --target guarantor --method deepwalk --width 64 --out nodes.csv\n",
       obligor::cli::setup_embed},
      {"data", "public credit data: list it, get it; simulate a bank",
       "  obligor data list\n"
       "  obligor data info taiwan\n"
       "  obligor data get taiwan --mirror https://mirror.bank/credit --to data\n"
       "  obligor data simulate --rows 100000 --seed 7 --format parquet --to bank\n",
       obligor::cli::setup_data},
      {"models", "the zoo: models, papers, parameters",
       "  obligor models\n"
       "  obligor models logistic\n"
       "  obligor models --json\n",
       obligor::cli::setup_models},
  };
  return obligor::cli::run_program(argc, argv, kCommands);
}
