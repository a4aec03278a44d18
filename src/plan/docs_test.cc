// docs/plan.md is normative: it has a section an op, a row a function, and a worked scorecard that is a real plan.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/json.h"
#include "plan/executor.h"
#include "plan/functions.h"
#include "plan/io.h"
#include "plan/safetensors.h"

namespace obligor {
namespace {

const std::string& page() {
  static const std::string text = read_file(OBLIGOR_SOURCE_DIR "/docs/plan.md");
  return text;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// The page's n-th block of JSON.
Json json_block(size_t n) {
  constexpr std::string_view kOpen = "```json\n";
  size_t at = 0;
  for (size_t i = 0;; ++i) {
    at = page().find(kOpen, at);
    if (at == std::string::npos) return {};
    at += kOpen.size();
    if (i == n) return parse_json(std::string_view(page()).substr(at, page().find("```", at) - at), "docs/plan.md");
  }
}

template <typename T>
std::string raw(const Json& values) {
  const auto numbers = values.get<std::vector<T>>();
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
}

// The constants as the page writes them out, as the tensors that it says they are in the file.
std::string weights_of(const Json& constants) {
  struct Piece {
    std::string name;
    std::string dtype;
    std::vector<uint64_t> shape;
    std::string bytes;
  };
  std::vector<Piece> pieces;
  for (size_t i = 0; i < constants.size(); ++i) {
    const Json& constant = constants[i];
    const auto type = constant["type"].get<std::string>();
    const auto shape = constant["shape"].get<std::vector<uint64_t>>();
    const std::string name = std::to_string(i);
    if (type == "F32") pieces.push_back({name, type, shape, raw<float>(constant["values"])});
    if (type == "I32") pieces.push_back({name, type, shape, raw<int32_t>(constant["values"])});
    if (type == "text") {
      std::string text;
      std::vector<int32_t> offsets{0};
      for (const Json& word : constant["values"]) {
        text += word.get<std::string>();
        offsets.push_back(static_cast<int32_t>(text.size()));
      }
      pieces.push_back({name + ".text", "U8", {text.size()}, text});
      pieces.push_back({name + ".offsets", "I32", {offsets.size()}, raw<int32_t>(offsets)});
    }
  }
  std::vector<Tensor> tensors;
  tensors.reserve(pieces.size());
  for (const Piece& piece : pieces) tensors.push_back({piece.name, piece.dtype, piece.shape, piece.bytes});
  return write_safetensors(tensors);
}

TEST(PlanPage, HasASectionForEachOpAndForNoOther) {
  std::vector<std::string> sections;
  for (const std::string& line : lines_of(page())) {
    if (line.starts_with("### `") && line.ends_with('`')) sections.push_back(line.substr(5, line.size() - 6));
  }
  std::vector<std::string> ops;
  for (int i = 0; i <= static_cast<int>(Op::kPoints); ++i) ops.emplace_back(op_name(static_cast<Op>(i)));
  EXPECT_THAT(sections, testing::ElementsAreArray(ops));
}

TEST(PlanPage, StatesEachFunctionAndItsValues) {
  const std::string heading = "## Named functions\n";
  const size_t begin = page().find(heading);
  ASSERT_NE(begin, std::string::npos);
  const std::string_view section = std::string_view(page()).substr(begin, page().find("\n## ", begin + 1) - begin);
  std::vector<std::string_view> stated;
  const auto lines = lines_of(section);
  for (const std::string& line : lines) {
    if (!line.starts_with("| `")) continue;
    const std::string_view name = std::string_view(line).substr(3, line.find('`', 3) - 3);
    const auto function = find_function(name);
    ASSERT_TRUE(function) << name;
    stated.push_back(name);
    // The last three cells: the values at -2, 0.5 and 1.
    std::string_view rest = std::string_view(line).substr(0, line.rfind('|'));
    for (const double x : {1.0, 0.5, -2.0}) {
      const size_t bar = rest.rfind('|');
      EXPECT_NEAR(std::stod(std::string(rest.substr(bar + 1))), (*function)(x), 6e-7) << name << " at " << x;
      rest = rest.substr(0, bar);
    }
  }
  EXPECT_THAT(stated, testing::ElementsAreArray(function_names()));
}

TEST(PlanPage, WorkedScorecardGivesItsScores) {
  const Json graph = json_block(0);
  const Json rows = json_block(2);
  ASSERT_TRUE(graph.is_object() && rows.is_array() && !rows.empty());
  const std::string weights = weights_of(json_block(1));
  const ScorePlan plan = load_plan(graph.dump(), weights, "docs/plan.md");
  // What is saved is what the page shows.
  const PlanFiles saved = save_plan(plan);
  EXPECT_EQ(parse_json(saved.graph, "saved"), graph);
  EXPECT_EQ(saved.weights, weights);

  std::vector<float> age;
  std::vector<int32_t> job;
  std::vector<std::string> dictionary;
  for (const Json& row : rows) {
    age.push_back(row["age"].is_null() ? std::nanf("") : row["age"].get<float>());
    job.push_back(static_cast<int32_t>(dictionary.size()));
    dictionary.push_back(row["job"].get<std::string>());
  }
  InputBatch batch;
  batch.rows = rows.size();
  batch.columns = {{age, {}, nullptr}, {{}, job, &dictionary}};
  const std::vector<std::string> outputs{"log_odds", "probability", "points"};
  const auto values = Interpreter(plan).run(batch, outputs);
  for (size_t r = 0; r < rows.size(); ++r) {
    EXPECT_NEAR(values[0].numbers[r], rows[r]["log_odds"].get<double>(), 1e-6) << r;
    EXPECT_NEAR(values[1].numbers[r], rows[r]["probability"].get<double>(), 5e-6) << r;
    EXPECT_EQ(values[2].numbers[r], rows[r]["points"].get<float>()) << r;
  }
}

}  // namespace
}  // namespace obligor
