// obligor score: rows to probability, log-odds, points and reasons, by a bundle alone, in memory that does not grow with the file.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/plan_columns.h"
#include "cli/read_options.h"
#include "cli/score_output.h"
#include "core/error.h"
#include "core/json.h"
#include "emit/native/native.h"
#include "explain/reasons.h"
#include "prep/preprocessor.h"
#include "table/child.h"
#include "table/source.h"

namespace obligor::cli {
namespace {

// Reasons hold a number for each row and input, so they are made for so many rows at a time.
constexpr size_t kReasonRows = 8192;
const std::vector<std::string> kBinaryOutputs{"probability", "log_odds", "points"};

// What a row is told: the probability of bad and what goes with it, or what the plan of another task gives ("rating", "score").
std::vector<std::string> score_outputs(const ScorePlan& plan) {
  if (plan.find_output("probability")) return kBinaryOutputs;
  std::vector<std::string> names;
  for (const auto& output : plan.outputs) names.push_back(output.name);
  return names;
}

struct Options {
  std::string bundle;
  std::string data;
  std::string sql;
  ReadOptions read;
  std::string out;
  std::vector<std::string> keep;
  std::vector<std::string> children;  // NAME=PATH
  int reasons = 0;
  bool json = false;
};

// The child tables that the bundle was trained with, from where it says or where the user says.
std::vector<ChildHistory> read_children(const Bundle& bundle, const Options& options, const ReadOptions& read) {
  std::vector<ChildHistory> children;
  std::vector<std::string> names;
  for (const Json& json : bundle.task.value("children", Json::array())) {
    ChildSpec spec = child_of_json(json, options.bundle);
    names.push_back(spec.name);
    for (const auto& given : options.children) {
      if (given.starts_with(spec.name + "=")) spec.table = given.substr(spec.name.size() + 1);
    }
    children.emplace_back(std::move(spec), read);
  }
  for (const auto& given : options.children) {
    const std::string name = given.substr(0, given.find('='));
    if (given.find('=') == std::string::npos) throw Error(ErrorCode::kInvalid, fmt::format("--child {}: NAME=PATH is wanted", given));
    if (std::find(names.begin(), names.end(), name) == names.end()) throw unknown_name("child table", name, names);
  }
  return children;
}

// What is read: the plan's inputs, and the kept columns as they stand.
std::vector<StreamColumn> wanted_columns(const ScorePlan& plan, const std::vector<std::string>& keep, const std::vector<ChildHistory>& children) {
  std::vector<StreamColumn> columns = plan_columns(plan);
  std::erase_if(columns, [&](const StreamColumn& column) {
    return std::any_of(children.begin(), children.end(), [&](const ChildHistory& child) { return child.makes(column.name); });
  });
  const auto want = [&](const std::string& name, ColumnKind kind) {
    if (std::none_of(columns.begin(), columns.end(), [&](const StreamColumn& column) { return column.name == name; }))
      columns.push_back({name, kind});
  };
  for (const ChildHistory& child : children) {
    want(child.spec().key, ColumnKind::kCategory);
    want(child.spec().until, child.order_kind());
  }
  for (const auto& name : keep) want(name, ColumnKind::kText);
  return columns;
}

// What is written beside `row`.
std::vector<StreamColumn> output_columns(const ScorePlan& plan, const Options& options, const std::vector<ChildHistory>& children) {
  std::vector<StreamColumn> columns;
  const auto read = wanted_columns(plan, options.keep, children);
  for (const auto& name : options.keep) {
    const auto found = std::find_if(read.begin(), read.end(), [&](const StreamColumn& one) { return one.name == name; });
    if (found == read.end())
      throw Error(ErrorCode::kInvalid, fmt::format("--keep {}: it is made of a child table and is no column of the data", name));
    columns.push_back(*found);
  }
  for (const auto& name : score_outputs(plan)) columns.push_back({name, ColumnKind::kNumber});
  for (int k = 1; k <= options.reasons; ++k) {
    columns.push_back({fmt::format("reason_{}", k), ColumnKind::kCategory});
    columns.push_back({fmt::format("push_{}", k), ColumnKind::kNumber});
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto same = [&](const StreamColumn& other) { return other.name == columns[i].name; };
    if (columns[i].name == "row" || std::any_of(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), same)) {
      throw Error(ErrorCode::kInvalid, fmt::format("--keep: the output already has a column '{}'; keep each column once, and rename this one "
                                                   "with --select",
                                                   columns[i].name));
    }
  }
  return columns;
}

// Rows first .. first + count - 1 of a batch.
InputBatch slice(const InputBatch& batch, size_t first, size_t count) {
  InputBatch part{count, batch.columns};
  for (InputColumn& column : part.columns) {
    if (column.dictionary == nullptr) column.numbers = column.numbers.subspan(first, count);
    else column.codes = column.codes.subspan(first, count);
  }
  return part;
}

class Scorer {
 public:
  Scorer(const Bundle& bundle, const Options& options, const std::vector<ChildHistory>& children)
      : options_(options),
        plan_(bundle.plan),
        executor_(bundle.plan),
        outputs_(score_outputs(bundle.plan)),
        children_(children),
        columns_(output_columns(bundle.plan, options, children)) {
    if (options.reasons > 0) coder_.emplace(bundle, options.bundle);
    for (const PlanInput& input : plan_.inputs) input_names_.push_back(input.name);
  }

  [[nodiscard]] const std::vector<StreamColumn>& columns() const { return columns_; }
  [[nodiscard]] size_t rows() const { return rows_; }
  [[nodiscard]] const std::string& mean_of() const { return outputs_.front(); }
  [[nodiscard]] double mean() const { return rows_ > 0 ? sum_ / static_cast<double>(rows_) : 0; }

  [[nodiscard]] Table score(const Table& read) {
    Table chunk = read;
    for (const ChildHistory& child : children_) chunk = child.widen(chunk, false);
    const auto rows = all_rows(chunk.rows());
    const GatheredInputs inputs(chunk, rows, plan_.inputs);
    const InputBatch batch = inputs.batch();
    auto values = executor_.run(batch, outputs_);
    for (const float p : values[0].numbers) sum_ += static_cast<double>(p);
    rows_ += chunk.rows();

    TableBuilder builder;
    std::vector<uint64_t> source_rows;
    source_rows.reserve(chunk.rows());
    for (size_t r = 0; r < chunk.rows(); ++r) source_rows.push_back(chunk.source_row(r));
    builder.source(chunk.source()).source_rows(std::move(source_rows));
    for (const auto& name : options_.keep) builder.add(chunk.column(name));
    for (size_t i = 0; i < outputs_.size(); ++i) builder.add_numbers(outputs_[i], std::move(values[i].numbers));
    if (coder_) add_reasons(batch, builder);
    return builder.build();
  }

 private:
  void add_reasons(const InputBatch& batch, TableBuilder& builder) const {
    const auto k = static_cast<size_t>(options_.reasons);
    std::vector<std::vector<int32_t>> names(k, std::vector<int32_t>(batch.rows, kMissingCode));
    std::vector<std::vector<float>> pushes(k, std::vector<float>(batch.rows, kMissing));
    for (size_t first = 0; first < batch.rows; first += kReasonRows) {
      const size_t count = std::min(kReasonRows, batch.rows - first);
      const Pushes all = coder_->pushes(executor_, slice(batch, first, count));
      for (size_t r = 0; r < count; ++r) {
        const auto reasons = top_reasons(all, r, k);
        for (size_t i = 0; i < reasons.size(); ++i) {
          names[i][first + r] = static_cast<int32_t>(reasons[i].input);
          pushes[i][first + r] = reasons[i].push;
        }
      }
    }
    for (size_t i = 0; i < k; ++i) {
      builder.add_categories(fmt::format("reason_{}", i + 1), std::move(names[i]), input_names_);
      builder.add_numbers(fmt::format("push_{}", i + 1), std::move(pushes[i]));
    }
  }

  const Options& options_;
  const ScorePlan& plan_;
  NativeExecutor executor_;
  std::vector<std::string> outputs_;
  const std::vector<ChildHistory>& children_;
  std::vector<StreamColumn> columns_;
  std::optional<ReasonCoder> coder_;
  std::vector<std::string> input_names_;
  size_t rows_ = 0;
  double sum_ = 0;
};

int run_score(const Options& options, const Globals& globals) {
  if (options.data.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, "score: one of DATA and --sql is wanted");
  if (options.json && options.out.empty()) throw Error(ErrorCode::kInvalid, "score: --json sums up on stdout, so the scores need --out FILE");
  check_score_path(options.out);
  const Context context = globals.context();
  const Bundle bundle = load_bundle(options.bundle);
  ReadOptions read = options.read;
  read.threads = context.threads();
  const std::vector<ChildHistory> children = read_children(bundle, options, read);
  Scorer scorer(bundle, options, children);
  const bool is_sql = !options.sql.empty();
  RowStream stream(is_sql ? options.sql : options.data, is_sql, read, wanted_columns(bundle.plan, options.keep, children));

  auto progress = context.begin("score", 0);
  write_scores(options.out, scorer.columns(), [&]() -> std::optional<Table> {
    context.check_cancelled();
    const auto chunk = stream.next();
    if (!chunk) return std::nullopt;
    progress.advance(static_cast<int64_t>(chunk->rows()));
    return scorer.score(*chunk);
  });
  if (options.json) {
    fmt::print("{}\n", dump_json({{"obligor", program_version()},
                                  {"kind", "score"},
                                  {"bundle", options.bundle},
                                  {"rows", scorer.rows()},
                                  {"mean_" + scorer.mean_of(), scorer.mean()},
                                  {"out", options.out}}));
  } else if (!options.out.empty()) {
    fmt::print("{} rows scored, mean {} {:.4f}: {}\n", scorer.rows(), scorer.mean_of(), scorer.mean(), options.out);
  }
  return 0;
}

}  // namespace

Run setup_score(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("bundle", options->bundle, "what train or compare --save wrote")->required();
  app.add_option("data", options->data, "CSV (also .gz, .zst), Parquet, ARFF or JSON lines, with the columns of the training data");
  app.add_option("--sql", options->sql, "a query instead of a file")->group("Data");
  add_read_options(app, options->read);
  app.add_option("--child", options->children, "NAME=PATH: where a child table of the bundle lies now; default: where it lay in training")
      ->group("Data");
  app.add_option("--out", options->out, "write row,probability,log_odds,points to this .csv or .parquet; default: CSV on stdout")->group("Output");
  app.add_option("--keep", options->keep, "columns of the data to write beside the scores, such as the key")->delimiter(',')->group("Output");
  app.add_option("--reasons", options->reasons, "also the K inputs that make each row worse than the reference obligor, and by how much log-odds")
      ->check(CLI::Range(1, 100))
      ->group("Output");
  app.add_flag("--json", options->json, "a summary as one JSON document on stdout")->group("Output");
  return [options, &globals] { return run_score(*options, globals); };
}

}  // namespace obligor::cli
