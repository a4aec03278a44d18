#include "cli/embed_words.h"

#include <chrono>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "plan/words.h"
#include "prep/text.h"
#include "table/sink.h"

namespace obligor::cli {
namespace {

// The listed words of each text, one text a sentence.
std::vector<std::vector<uint32_t>> sentences(const TextData& text, Rows rows, const std::vector<std::string>& words) {
  WordNumbers known;
  for (size_t i = 0; i < words.size(); ++i) known.emplace(words[i], static_cast<int32_t>(i));
  std::vector<std::vector<uint32_t>> found;
  for (const uint32_t row : rows) {
    std::vector<uint32_t> sentence;
    for (const std::string& word : split_words(text.at(row), known)) {
      if (const auto number = known.find(word); number != known.end()) sentence.push_back(static_cast<uint32_t>(number->second));
    }
    if (!sentence.empty()) found.push_back(std::move(sentence));
  }
  return found;
}

void write_words(const std::filesystem::path& path, const std::vector<std::string>& words, const Embedding& embedding) {
  const auto format = path.extension() == ".csv" ? SinkFormat::kCsv : SinkFormat::kParquet;
  std::vector<SinkColumn> columns{{"word", SinkType::kString}, {"count", SinkType::kInteger}};
  for (size_t i = 0; i < embedding.width; ++i) columns.push_back({fmt::format("e{}", i + 1), SinkType::kReal});
  bool written = false;
  (void)write_table_file(path, format, columns, [&]() -> std::optional<Table> {
    if (written) return std::nullopt;
    written = true;
    TextData names;
    names.offsets.push_back(0);
    std::vector<float> counts;
    for (size_t w = 0; w < words.size(); ++w) {
      names.bytes += words[w];
      names.offsets.push_back(names.bytes.size());
      names.missing.push_back(0);
      counts.push_back(static_cast<float>(embedding.counts[w]));
    }
    TableBuilder block;
    block.add(Column("word", std::move(names))).add(Column("count", std::move(counts)));
    for (size_t i = 0; i < embedding.width; ++i) {
      std::vector<float> values;
      values.reserve(words.size());
      for (size_t w = 0; w < words.size(); ++w) values.push_back(embedding.of(w)[i]);
      block.add(Column(columns[i + 2].name, std::move(values)));
    }
    return block.build();
  });
}

}  // namespace

int run_embed_words(WordOptions options, const Globals& globals) {
  check_spec(options.vectors);
  const Context context = globals.context();
  options.read.threads = context.threads();
  options.read.texts.push_back(options.column);
  const Table table = options.sql.empty() ? read_table(options.data, options.read) : read_sql(options.sql, options.read);
  const TextData& text = table.column(options.column).text();
  const auto rows = all_rows(table.rows());
  PrepSpec spec;
  spec.text_min_count = options.min_texts;
  spec.text_max_words = options.vocabulary;
  const std::vector<std::string> words = prep::fit_words(text, rows, spec).words;
  if (words.empty()) {
    throw Error(ErrorCode::kData,
                fmt::format("{}: no word of column '{}' stands in {} texts; lower --min-texts", table.source(), options.column, options.min_texts));
  }
  SentenceCorpus corpus(words.size(), sentences(text, rows, words));
  const auto start = std::chrono::steady_clock::now();
  const Embedding embedding = train_skip_gram(corpus, options.vectors, context);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  write_words(options.out, words, embedding);
  if (options.json) {
    fmt::print("{}\n", dump_json(Json{{"obligor", program_version()},
                                      {"kind", "embedding"},
                                      {"method", options.vectors.cbow ? "cbow" : "skip_gram"},
                                      {"texts", table.rows()},
                                      {"words", words.size()},
                                      {"width", embedding.width},
                                      {"tokens", embedding.trained},
                                      {"seconds", seconds},
                                      {"seed", context.seed()},
                                      {"out", options.out}}));
  } else {
    fmt::print("{} texts, {} words, vectors of {} numbers from {} words of running text, {:.0f} a second: {}\n", table.rows(), words.size(),
               embedding.width, embedding.trained, static_cast<double>(embedding.trained) / std::max(seconds, 1e-9), options.out);
  }
  return 0;
}

}  // namespace obligor::cli
