// obligor embed: vectors of a network's nodes, as a table that joins to the loans; or of the words of a text column. Needs neither torch nor
// LightGBM.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/embed_words.h"
#include "cli/read_options.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "prep/embedding/align.h"
#include "prep/embedding/skip_gram.h"
#include "prep/embedding/walks.h"
#include "table/keys.h"
#include "table/sink.h"
#include "table/source.h"

namespace obligor::cli {
namespace {

constexpr int64_t kMicrosecondsADay = 86'400'000'000;
constexpr size_t kMostPeriods = 10'000;

struct Options {
  std::string edges;
  std::string sql;
  ReadOptions read;
  WordOptions words;
  std::string source;
  std::string target;
  std::string weight;
  bool directed = false;
  std::string period;
  double every = 0;
  std::string method = "node2vec";
  WalkSpec walks{.walks = 0, .length = 0};  // 0: as the method's paper has it
  SkipGramSpec vectors;
  std::string out;
  bool json = false;
};

// The network with its nodes' names, numbered in the order in which they come: all sources, then what stands as target alone.
struct Network {
  std::map<int64_t, GraphBuilder> periods;  // one, where there are none
  bool dates = false;
  double first = 0;  // when period 0 begins: days, or a number
  std::vector<std::string> names;
  size_t edges = 0;
  size_t left_out = 0;
};

// When each edge was, in days or as a number (NaN: missing), and when the first period begins; empty without periods.
std::vector<double> periods_of(const Options& options, const Table& table, Network& network) {
  if (options.period.empty()) return {};
  const Column& column = table.column(options.period);
  std::vector<double> times = time_values(column);
  network.dates = column.kind() == ColumnKind::kDate;
  if (network.dates && options.every != std::floor(options.every)) {
    throw Error(ErrorCode::kInvalid, fmt::format("--every {}: column '{}' holds dates, so whole days are wanted", options.every, options.period));
  }
  network.first = std::numeric_limits<double>::infinity();
  for (double& time : times) {
    if (network.dates) time = std::floor(time / static_cast<double>(kMicrosecondsADay));
    if (time < network.first) network.first = time;
  }
  return times;
}

Network read_network(const Options& options, int threads) {
  ReadOptions read = options.read;
  read.threads = threads;
  for (const auto* name : {&options.source, &options.target}) {
    if (std::find(read.categories.begin(), read.categories.end(), *name) == read.categories.end()) read.categories.push_back(*name);
  }
  const Table table = options.sql.empty() ? read_table(options.edges, read) : read_sql(options.sql, read);
  const auto& from = table.column(options.source).categories();
  const auto& to = table.column(options.target).categories();
  std::span<const float> weights;
  if (!options.weight.empty()) {
    const Column& column = table.column(options.weight);
    if (column.kind() != ColumnKind::kNumber) {
      throw Error(ErrorCode::kData,
                  fmt::format("{}: --weight {}: it is a {}; a number is wanted", table.source(), options.weight, kind_name(column.kind())));
    }
    weights = column.numbers();
  }

  Network network;
  const std::vector<double> times = periods_of(options, table, network);
  std::unordered_map<std::string_view, uint32_t> numbers;
  const auto number_levels = [&](const CategoryData& column) {
    std::vector<uint32_t> by_code;
    by_code.reserve(column.dictionary->size());
    for (const std::string& level : *column.dictionary) {
      const auto [found, fresh] = numbers.emplace(level, static_cast<uint32_t>(network.names.size()));
      if (fresh) network.names.push_back(level);
      by_code.push_back(found->second);
    }
    return by_code;
  };
  const auto from_nodes = number_levels(from);
  const auto to_nodes = number_levels(to);
  for (size_t row = 0; row < table.rows(); ++row) {
    if (from.codes[row] == kMissingCode || to.codes[row] == kMissingCode || (!weights.empty() && std::isnan(weights[row])) ||
        (!times.empty() && std::isnan(times[row]))) {
      ++network.left_out;
      continue;
    }
    const int64_t period = times.empty() ? 0 : static_cast<int64_t>(std::floor((times[row] - network.first) / options.every));
    GraphBuilder& builder = network.periods.try_emplace(period, network.names.size(), options.directed).first->second;
    builder.add(from_nodes[static_cast<size_t>(from.codes[row])], to_nodes[static_cast<size_t>(to.codes[row])],
                weights.empty() ? 1.0F : weights[row]);
    ++network.edges;
  }
  if (network.edges == 0) throw Error(ErrorCode::kData, fmt::format("{}: no row has both ends of an edge", table.source()));
  if (network.periods.size() > kMostPeriods) {
    throw Error(ErrorCode::kData, fmt::format("--every {}: {} periods hold edges; at most {} are allowed, so give longer ones", options.every,
                                              network.periods.size(), kMostPeriods));
  }
  return network;
}

SinkFormat format_of(const std::filesystem::path& path) {
  if (path.extension() == ".csv") return SinkFormat::kCsv;
  if (path.extension() == ".parquet") return SinkFormat::kParquet;
  throw Error(ErrorCode::kInvalid, fmt::format("--out {}: a name that ends in .csv or .parquet is wanted", path.string()));
}

// A node's vector in a period.
struct Row {
  uint32_t node = 0;
  int64_t period = 0;
  float degree = 0;
};

// The vectors of a network, a row a node; with periods a row a node and period in which it has an edge.
struct Vectors {
  size_t width = 0;
  std::vector<Row> rows;
  std::vector<float> numbers;  // rows x width
  uint64_t trained = 0;
};

void write_vectors(const Options& options, const Network& network, const Vectors& vectors) {
  std::vector<SinkColumn> columns{{"node", SinkType::kString}};
  const bool periods = !options.period.empty();
  if (periods) columns.push_back({"period", network.dates ? SinkType::kDate : SinkType::kReal});
  columns.push_back({"degree", SinkType::kInteger});
  const size_t fixed = columns.size();
  for (size_t i = 0; i < vectors.width; ++i) columns.push_back({fmt::format("e{}", i + 1), SinkType::kReal});
  constexpr size_t kBlock = 65536;
  size_t begin = 0;
  const auto next = [&]() -> std::optional<Table> {
    if (begin == vectors.rows.size()) return std::nullopt;
    const size_t end = std::min(vectors.rows.size(), begin + kBlock);
    TextData names;
    names.offsets.push_back(0);
    std::vector<float> degrees;
    std::vector<float> ends;
    DateData end_days;
    for (size_t r = begin; r < end; ++r) {
      names.bytes += network.names[vectors.rows[r].node];
      names.offsets.push_back(names.bytes.size());
      names.missing.push_back(0);
      degrees.push_back(vectors.rows[r].degree);
      // When the period is over: from then on its vector is known.
      const double over = network.first + static_cast<double>(vectors.rows[r].period + 1) * options.every;
      if (network.dates) end_days.microseconds.push_back(static_cast<int64_t>(over) * kMicrosecondsADay);
      else ends.push_back(static_cast<float>(over));
    }
    TableBuilder block;
    block.add(Column("node", std::move(names)));
    if (periods) block.add(network.dates ? Column("period", std::move(end_days)) : Column("period", std::move(ends)));
    block.add(Column("degree", std::move(degrees)));
    for (size_t i = 0; i < vectors.width; ++i) {
      std::vector<float> values;
      values.reserve(end - begin);
      for (size_t r = begin; r < end; ++r) values.push_back(vectors.numbers[r * vectors.width + i]);
      block.add(Column(columns[i + fixed].name, std::move(values)));
    }
    begin = end;
    return block.build();
  };
  (void)write_table_file(options.out, format_of(options.out), columns, next);
}

// Each period has its own graph, walks and vectors, turned towards those before it.
Vectors embed_network(const Options& options, Network& network, const Context& context) {
  Vectors vectors;
  vectors.width = static_cast<size_t>(options.vectors.width);
  const bool periods = !options.period.empty();
  Aligner aligner(periods ? network.names.size() : 0, vectors.width);
  for (auto& [period, builder] : network.periods) {
    const Graph graph = std::move(builder).build();
    WalkCorpus walks(graph, options.walks, context);
    Embedding embedding = train_skip_gram(walks, options.vectors, context);
    if (periods) aligner.turn(embedding);
    vectors.trained += embedding.trained;
    for (uint32_t node = 0; node < network.names.size(); ++node) {
      if (periods && graph.degree(node) == 0) continue;
      vectors.rows.push_back({node, period, static_cast<float>(graph.degree(node))});
      const auto vector = embedding.of(node);
      vectors.numbers.insert(vectors.numbers.end(), vector.begin(), vector.end());
    }
  }
  return vectors;
}

int run_embed(Options options, const Globals& globals) {
  if (options.edges.empty() == options.sql.empty()) throw Error(ErrorCode::kInvalid, "name a file of edges or give --sql, one of the two");
  (void)format_of(options.out);
  const bool method_of_words = options.method == "skip_gram" || options.method == "cbow";
  if (!options.words.column.empty()) {
    WordOptions words = options.words;
    words.data = options.edges;
    words.sql = options.sql;
    words.read = options.read;
    words.vectors = options.vectors;
    words.vectors.cbow = options.method == "cbow";
    words.out = options.out;
    words.json = options.json;
    return run_embed_words(std::move(words), globals);
  }
  if (options.source.empty() || options.target.empty()) {
    throw Error(ErrorCode::kInvalid, "--source and --target name the ends of an edge; both are wanted, or --words with a column of texts");
  }
  if (method_of_words) throw Error(ErrorCode::kInvalid, fmt::format("--method {} is of --words; edges take node2vec or deepwalk", options.method));
  const bool deepwalk = options.method == "deepwalk";
  if (deepwalk && (options.walks.p != 1 || options.walks.q != 1)) {
    throw Error(ErrorCode::kInvalid, "-p and -q are of node2vec; DeepWalk has neither");
  }
  if (options.period.empty() != (options.every <= 0)) {
    throw Error(ErrorCode::kInvalid,
                "--period and --every belong together: the column that says when an edge was, and how long a period is, above 0");
  }
  if (options.walks.walks == 0) options.walks.walks = deepwalk ? 80 : 10;
  if (options.walks.length == 0) options.walks.length = deepwalk ? 40 : 80;
  options.vectors.hierarchical = deepwalk;
  check_spec(options.walks);
  check_spec(options.vectors);
  const Context context = globals.context();
  Network network = read_network(options, context.threads());
  if (network.left_out > 0) {
    log_warn(fmt::format("edges: {} of {} rows lack an end{} or the weight and are left out", network.left_out,
                         options.period.empty() ? "" : ", the time", network.left_out + network.edges));
  }
  const Vectors vectors = embed_network(options, network, context);
  write_vectors(options, network, vectors);
  if (options.json) {
    fmt::print("{}\n", dump_json(Json{{"obligor", program_version()},
                                      {"kind", "embedding"},
                                      {"method", options.method},
                                      {"nodes", network.names.size()},
                                      {"edges", network.edges},
                                      {"left_out", network.left_out},
                                      {"periods", network.periods.size()},
                                      {"rows", vectors.rows.size()},
                                      {"width", vectors.width},
                                      {"tokens", vectors.trained},
                                      {"seed", context.seed()},
                                      {"out", options.out}}));
  } else {
    fmt::print("{} nodes, {} edges, vectors of {} numbers from {} steps of walks: {}\n", network.names.size(), network.edges, vectors.width,
               vectors.trained, options.out);
    if (!options.period.empty()) {
      fmt::print(
          "{} rows of {} periods; use: --sequence \"network: table={}, key=node, order=period, until=COLUMN\" (the key is called node there too)\n",
          vectors.rows.size(), network.periods.size(), options.out);
      return 0;
    }
    fmt::print("use: obligor compare --sql \"select l.*, e.* exclude (node) from 'loans.csv' l left join '{}' e on l.customer = e.node\" ...\n",
               options.out);
  }
  return 0;
}

}  // namespace

Run setup_embed(CLI::App& app, Globals& globals) {
  auto options = std::make_shared<Options>();
  app.add_option("edges", options->edges, "a file with one edge a row: CSV, Parquet, ARFF, JSON lines")->group("Data");
  app.add_option("--sql", options->sql, "a query whose rows are the edges, instead of a file")->group("Data");
  app.add_option("--source", options->source, "the column of the edge's first end")->group("Data");
  app.add_option("--target", options->target, "the column of its other end")->group("Data");
  app.add_option("--words", options->words.column, "a column of texts: vectors of its words instead of a network's nodes (word2vec)")->group("Data");
  app.add_option("--min-texts", options->words.min_texts, "with --words: a word in fewer texts is left out")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000000))
      ->group("Data");
  app.add_option("--weight", options->weight, "a column of positive numbers: an edge is walked in proportion")->group("Data");
  app.add_option("--period", options->period, "a date or number that says when an edge was: vectors of each period, a row a node and period")
      ->group("Data");
  app.add_option("--every", options->every, "with --period: how long a period is, in days for dates")->group("Data");
  app.add_flag("--directed", options->directed, "walk from source to target only")->group("Data");
  add_read_options(app, options->read);
  app.add_option("--method", options->method, "node2vec (negative sampling) or deepwalk (hierarchical softmax); with --words skip_gram or cbow")
      ->capture_default_str()
      ->check(CLI::IsMember({"node2vec", "deepwalk", "skip_gram", "cbow"}))
      ->group("Walks");
  app.add_option("-p", options->walks.p, "node2vec: small goes back at once often")->capture_default_str()->group("Walks");
  app.add_option("-q", options->walks.q, "node2vec: small goes far, large stays near")->capture_default_str()->group("Walks");
  app.add_option("--walks", options->walks.walks, "walks from each node; default 10, deepwalk 80")->check(CLI::Range(1, 100000))->group("Walks");
  app.add_option("--length", options->walks.length, "nodes a walk; default 80, deepwalk 40")->check(CLI::Range(2, 100000))->group("Walks");
  app.add_option("--width", options->vectors.width, "numbers a vector")->capture_default_str()->check(CLI::Range(1, 4096))->group("Vectors");
  app.add_option("--window", options->vectors.window, "nodes to either side that a node predicts")->capture_default_str()->group("Vectors");
  app.add_option("--negatives", options->vectors.negatives, "node2vec: nodes drawn against each true one")->capture_default_str()->group("Vectors");
  app.add_option("--epochs", options->vectors.epochs, "passes over the walks")->capture_default_str()->group("Vectors");
  app.add_option("--learning-rate", options->vectors.learning_rate, "at the start; it falls to almost nothing")
      ->capture_default_str()
      ->group("Vectors");
  app.add_option("--out", options->out, "the table to write, .csv or .parquet")->required();
  app.add_flag("--json", options->json, "one JSON document on stdout");
  return [options, &globals] { return run_embed(*options, globals); };
}

}  // namespace obligor::cli
