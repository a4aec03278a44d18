#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bindings/c/obligor_score.h"
#include "bundle/bundle.h"
#include "core/file.h"
#include "emit/native/random_plan.h"
#include "plan/executor.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OBLIGOR_SANITIZED 1
#endif

#ifndef OBLIGOR_SANITIZED
// Every allocation of the process goes through here, also those of the libraries.
namespace {
std::atomic<size_t> allocations{0};
}
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* at, size_t size) {
  ++allocations;
  return __libc_realloc(at, size);
}
void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** at, size_t alignment, size_t size) {
  ++allocations;
  *at = __libc_memalign(alignment, size);
  return *at == nullptr ? 12 : 0;
}
}
#endif

namespace obligor {
namespace {

// A file of this test's own that goes with it.
class TemporaryBundle {
 public:
  explicit TemporaryBundle(const ScorePlan& plan) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() / fmt::format("obligor-score-{}-{}-{}.obligor", test->name(), ::getpid(), next_++);
    Bundle bundle;
    bundle.plan = plan;
    save_bundle(bundle, path_);
  }
  ~TemporaryBundle() { std::filesystem::remove(path_); }
  TemporaryBundle(const TemporaryBundle&) = delete;
  TemporaryBundle& operator=(const TemporaryBundle&) = delete;
  [[nodiscard]] const std::string& path() const { return path_.native(); }

 private:
  static inline std::atomic<int> next_{0};
  std::filesystem::path path_;
};

struct Closer {
  void operator()(obligor_model* model) const { obligor_close(model); }
};
using Model = std::unique_ptr<obligor_model, Closer>;

Model open(const std::string& path, int threads = 1) {
  Model model(obligor_open(path.c_str(), threads));
  if (model == nullptr) throw std::runtime_error(obligor_last_error());
  return model;
}

// A sample as a caller of C has it.
struct Rows {
  std::vector<std::vector<const char*>> strings;
  std::vector<std::vector<size_t>> lengths;
  std::vector<obligor_column> columns;

  Rows(const native::Sample& sample, bool with_lengths) : strings(sample.numbers.size()), lengths(sample.numbers.size()) {
    for (size_t c = 0; c < sample.numbers.size(); ++c) {
      for (const int32_t code : sample.codes[c]) {
        const std::string* word = code < 0 ? nullptr : &sample.dictionary[static_cast<size_t>(code)];
        strings[c].push_back(word == nullptr ? nullptr : word->c_str());
        lengths[c].push_back(word == nullptr ? 0 : word->size());
      }
      columns.push_back({sample.numbers[c].empty() ? nullptr : sample.numbers[c].data(), strings[c].empty() ? nullptr : strings[c].data(),
                         with_lengths ? lengths[c].data() : nullptr});
    }
  }
  [[nodiscard]] std::vector<obligor_column> from(size_t row) const {
    std::vector<obligor_column> moved = columns;
    for (auto& column : moved) {
      if (column.numbers != nullptr) column.numbers += row;
      if (column.strings != nullptr) column.strings += row;
      if (column.lengths != nullptr) column.lengths += row;
    }
    return moved;
  }
};

std::vector<std::vector<float>> score(const obligor_model* model, const obligor_column* columns, size_t rows) {
  const obligor_layout* layout = obligor_schema(model);
  std::vector<std::vector<float>> scores(layout->output_count);
  std::vector<float*> to;
  std::vector<size_t> outputs;
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i].resize(rows * layout->outputs[i].width);
    to.push_back(scores[i].data());
    outputs.push_back(i);
  }
  EXPECT_EQ(obligor_score_rows(model, columns, rows, outputs.data(), outputs.size(), to.data()), OBLIGOR_OK) << obligor_last_error();
  return scores;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](float x, float y) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y); });
}

// A card over a number, a date and a category.
ScorePlan card() {
  PlanBuilder builder;
  const NodeId age = builder.look_up(builder.bin(builder.input("age", InputKind::kNumber), {25.0F, 40.0F}), {-0.88F, 0.11F, 0.92F, -1.5F}, 1);
  const NodeId job = builder.look_up(builder.encode(builder.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4),
                                     {0.29F, -0.23F, -0.99F, 0.0F}, 1);
  const NodeId since = builder.impute(builder.input("since", InputKind::kNumber, "date"), {0.0F});
  const NodeId log_odds = builder.affine(builder.concat({age, job, since}), {-0.9F, -0.7F, 1e-5F}, {-2.2F}, 1);
  builder.output("log_odds", log_odds);
  builder.output("probability", builder.activate(log_odds, "sigmoid"));
  builder.output("points", builder.points(log_odds, 28.853901F, 487.122876F, "round"));
  return builder.build();
}

TEST(ScoreLibrary, TellsWhatTheModelReadsAndGives) {
  const TemporaryBundle file(card());
  const Model model = open(file.path());
  const obligor_layout* layout = obligor_schema(model.get());
  ASSERT_EQ(layout->input_count, 3U);
  EXPECT_STREQ(layout->inputs[0].name, "age");
  EXPECT_EQ(layout->inputs[0].kind, OBLIGOR_NUMBER);
  EXPECT_STREQ(layout->inputs[1].name, "job");
  EXPECT_EQ(layout->inputs[1].kind, OBLIGOR_CATEGORY);
  EXPECT_EQ(layout->inputs[2].kind, OBLIGOR_DATE);
  ASSERT_EQ(layout->output_count, 3U);
  EXPECT_EQ(obligor_find_output(model.get(), "points"), 2U);
  EXPECT_EQ(obligor_find_output(model.get(), "pints"), static_cast<size_t>(-1));
}

// docs/plan.md works this row out by hand: a farmer of 31 has log-odds -2.138, .10546 and 549 points.
TEST(ScoreLibrary, GivesTheScoreOfTheWorkedCard) {
  const TemporaryBundle file(card());
  const Model model = open(file.path());
  const float age = 31;
  const float since = NAN;
  const char* job = "farmer";
  const obligor_column columns[3] = {{&age, nullptr, nullptr}, {nullptr, &job, nullptr}, {&since, nullptr, nullptr}};
  const auto scores = score(model.get(), columns, 1);
  EXPECT_NEAR(scores[0][0], -2.138F, 1e-6);
  EXPECT_NEAR(scores[1][0], 0.10546F, 1e-5);
  EXPECT_EQ(scores[2][0], 549.0F);
}

TEST(ScoreLibrary, EqualsTheInterpreterOnRandomPlansInRowsBatchesAndThreads) {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    Random random(seed, "c-plans");
    const auto made = native::random_plan(random);
    const native::Sample sample = native::random_sample(made.plan, 120, random, true);
    const auto expected = Interpreter(made.plan).run(sample.batch(0, sample.rows), {});
    const TemporaryBundle file(made.plan);
    const Model model = open(file.path(), 2);
    const Rows rows(sample, seed % 2 == 0);
    const auto whole = score(model.get(), rows.columns.data(), sample.rows);
    for (size_t i = 0; i < whole.size(); ++i) {
      for (size_t k = 0; k < whole[i].size(); ++k) {
        const float want = expected[i].codes.empty() ? expected[i].numbers[k] : static_cast<float>(expected[i].codes[k]);
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(whole[i][k])) << seed;
        } else if (want != whole[i][k]) {
          ASSERT_NEAR(whole[i][k], want, 5e-6 * (1 + std::fabs(static_cast<double>(want)))) << seed;
        }
      }
    }
    for (size_t r = 0; r < sample.rows; ++r) {
      const auto one = score(model.get(), rows.from(r).data(), 1);
      for (size_t i = 0; i < one.size(); ++i) {
        const auto begin = whole[i].begin() + static_cast<std::ptrdiff_t>(r * one[i].size());
        ASSERT_TRUE(same_bits(one[i], std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(one[i].size())))) << seed << ' ' << r;
      }
    }
  }
}

TEST(ScoreLibrary, AnyNumberOfThreadsGivesTheSameBits) {
  Random random(3, "c-threads");
  const auto made = native::random_plan(random);
  const native::Sample sample = native::random_sample(made.plan, 5000, random, true);
  const TemporaryBundle file(made.plan);
  const Rows rows(sample, true);
  const auto alone = score(open(file.path(), 1).get(), rows.columns.data(), sample.rows);
  const Model shared = open(file.path(), 3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 3; ++t) {
    callers.emplace_back([&] {
      for (int k = 0; k < 3; ++k) {
        const auto found = score(shared.get(), rows.columns.data(), sample.rows);
        for (size_t i = 0; i < found.size(); ++i) wrong += same_bits(found[i], alone[i]) ? 0 : 1;
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

#ifndef OBLIGOR_SANITIZED
TEST(ScoreLibrary, ScoringAllocatesNothing) {
  Random random(4, "c-memory");
  const auto made = native::random_plan(random);
  const native::Sample sample = native::random_sample(made.plan, 5000, random, true);
  const TemporaryBundle file(made.plan);
  const Model model = open(file.path(), 1);
  const Rows rows(sample, true);
  const obligor_layout* layout = obligor_schema(model.get());
  std::vector<std::vector<float>> scores(layout->output_count);
  std::vector<float*> to;
  std::vector<size_t> outputs;
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i].resize(sample.rows * layout->outputs[i].width);
    to.push_back(scores[i].data());
    outputs.push_back(i);
  }
  const auto call = [&](size_t count) {
    return obligor_score_rows(model.get(), rows.columns.data(), count, outputs.data(), outputs.size(), to.data());
  };
  EXPECT_EQ(call(1), OBLIGOR_OK);  // the thread's workspace
  EXPECT_EQ(call(100), OBLIGOR_OK);
  const size_t before = allocations;
  int failed = 0;
  for (const size_t count : {1UL, 2UL, 7UL, 64UL, 1000UL, 5000UL}) failed += call(count);
  const size_t after = allocations;
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(after - before, 0U);
  EXPECT_GT(before, 0U) << "the counter counts nothing";
}

// What is shipped: under two megabytes, and no library that trains or reads tables.
TEST(ScoreLibrary, IsSmallAndNeedsLittle) {
  EXPECT_LT(std::filesystem::file_size(OBLIGOR_SCORE_LIBRARY), 2U << 20U);
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen("readelf -d '" OBLIGOR_SCORE_LIBRARY "'", "r"), pclose);
  ASSERT_NE(pipe, nullptr);
  std::string text;
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) text += static_cast<char>(c);
  std::vector<std::string> needed;
  for (size_t at = text.find("(NEEDED)"); at != std::string::npos; at = text.find("(NEEDED)", at + 1)) {
    const size_t begin = text.find('[', at) + 1;
    const std::string name = text.substr(begin, text.find(']', begin) - begin);
    needed.push_back(name.substr(0, name.find(".so")));
  }
  EXPECT_THAT(needed, testing::IsSubsetOf({"libzip", "libfmt", "libstdc++", "libm", "libgcc_s", "libc", "ld-linux-x86-64"}));
  EXPECT_THAT(needed, testing::Contains("libc"));
}
#endif

TEST(ScoreLibrary, SaysWhatIsWrong) {
  EXPECT_EQ(obligor_open("no/such.obligor", 1), nullptr);
  EXPECT_STREQ(obligor_last_error(), "no/such.obligor: no such file");
  EXPECT_EQ(obligor_open(nullptr, 1), nullptr);
  EXPECT_EQ(obligor_open("x", -1), nullptr);
  EXPECT_THAT(obligor_last_error(), testing::HasSubstr("threads"));
  const TemporaryBundle file(card());
  {
    const std::string bytes = read_file(file.path());
    std::ofstream(file.path() + ".cut", std::ios::binary) << bytes.substr(0, bytes.size() / 2);
    EXPECT_EQ(obligor_open((file.path() + ".cut").c_str(), 1), nullptr);
    EXPECT_THAT(obligor_last_error(), testing::HasSubstr("not a whole zip file"));
    std::filesystem::remove(file.path() + ".cut");
  }
  const Model model = open(file.path());
  const float age = 31;
  const obligor_column columns[3] = {{&age, nullptr, nullptr}, {&age, nullptr, nullptr}, {&age, nullptr, nullptr}};
  float result = -1;
  float* to = &result;
  size_t output = 0;
  EXPECT_EQ(obligor_score_rows(model.get(), columns, 1, &output, 1, &to), OBLIGOR_INVALID);
  EXPECT_STREQ(obligor_last_error(), "obligor_score_rows: no strings given for column job");
  output = 3;
  EXPECT_EQ(obligor_score_rows(model.get(), columns, 1, &output, 1, &to), OBLIGOR_NOT_FOUND);
  EXPECT_EQ(obligor_score_rows(nullptr, columns, 1, &output, 1, &to), OBLIGOR_INVALID);
  EXPECT_EQ(obligor_score_rows(model.get(), columns, 1, nullptr, 1, &to), OBLIGOR_INVALID);
  EXPECT_EQ(obligor_score_rows(model.get(), columns, 0, nullptr, 0, nullptr), OBLIGOR_OK);
  EXPECT_EQ(result, -1);
  EXPECT_EQ(obligor_schema(nullptr), nullptr);
  obligor_close(nullptr);
}

std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = fgetc(pipe.get()); c != EOF; c = fgetc(pipe.get())) text += static_cast<char>(c);
  return text;
}

TEST(ScoreLibrary, TheExampleInCScoresARow) {
  const TemporaryBundle file(card());
  EXPECT_EQ(output_of(OBLIGOR_SCORE_EXAMPLE " '" + file.path() + "' age=31 job=farmer"), "0.105458\n");
  EXPECT_THAT(output_of(OBLIGOR_SCORE_EXAMPLE " /no/such 2>&1"), testing::HasSubstr("no such file"));
}

}  // namespace
}  // namespace obligor
