// The plan's two files, the bundle that holds them, and LightGBM's trees: what a model is loaded from.
#include "plan_targets.h"

#include <array>

#include "bundle/bundle.h"
#include "bundle/zip.h"
#include "checked.h"
#include "core/digest.h"
#include "core/file.h"
#include "odd_rows.h"
#include "plan/builder.h"
#include "plan/io.h"
#include "plan/narrow.h"
#include "zoo/boost/tree_text.h"

namespace obligor::fuzz {
namespace {

constexpr size_t kPrefix = 4;

// A graph and its weights as one string: four bytes of length, the graph, the weights.
std::string pack(const PlanFiles& files) {
  std::string bytes;
  for (size_t i = 0; i < kPrefix; ++i) bytes.push_back(static_cast<char>((files.graph.size() >> (8 * i)) & 0xFFU));
  return bytes + files.graph + files.weights;
}

PlanFiles unpack(std::string_view bytes) {
  size_t length = 0;
  for (size_t i = 0; i < std::min(kPrefix, bytes.size()); ++i) length |= size_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  bytes.remove_prefix(std::min(kPrefix, bytes.size()));
  length = std::min(length, bytes.size());
  return {std::string(bytes.substr(0, length)), std::string(bytes.substr(length))};
}

void check_plan(const ScorePlan& plan) {
  const PlanFiles saved = save_plan(plan);
  const PlanFiles again = save_plan(load_plan(saved.graph, saved.weights, "again"));
  require(saved.graph == again.graph && saved.weights == again.weights, "a plan saved, loaded and saved is another");
  require(!dump(plan).empty() || plan.nodes.empty(), "a plan without a dump");
  (void)verify(tidy(plan));
  score_odd_rows(plan);
}

ScorePlan sample_plan() {
  PlanBuilder b;
  const NodeId age = b.input("age", InputKind::kNumber);
  const NodeId opened = b.input("opened", InputKind::kNumber, "date");
  const NodeId job = b.encode(b.input("job", InputKind::kCategory), {"clerk", "farmer"}, {0, 1}, 2, 3, 4);
  const NodeId bins = b.bin(age, {20, 40}, {-9999});
  const NodeId clean = b.clip(b.impute(b.special(age, {-9999}), {35}), {18}, {90});
  const NodeId scaled = b.scale(clean, {40}, {0.1F});
  const NodeId quantile = b.interpolate(b.impute(opened, {0}), {0, 10, 1000}, {-1, 0, 1});
  const NodeId pieces = b.piecewise_linear(clean, {18, 30, 60});
  const NodeId woe = b.look_up(bins, {0.1F, 0.2F, 0.3F, 0.4F, 0.5F}, 1);
  const NodeId hot = b.one_hot(job, {0, 1, -1, 2}, 3);
  const NodeId pair = b.look_up(b.cross(job, bins, {0, 1, 0, 1, 2, 1}, 2, 3), {0.5F, -0.5F, 0}, 1);
  const NodeId all = b.concat({scaled, quantile, pieces, woe, hot, pair, b.missing_flag(age), b.code_number(job)});
  TreeArrays trees;
  trees.roots = {0, ~2};
  trees.feature = {0, 10};
  trees.threshold = {0.5F, 0};
  trees.left = {1, ~0};
  trees.right = {~1, ~2};
  trees.flags = {TreeArrays::kDefaultLeft, TreeArrays::kCategorical};
  trees.leaves = {-0.5F, 0.25F, 0.75F};
  trees.bit_begin = {0, 0};
  trees.bit_end = {0, 1};
  trees.words = {5};
  const NodeId chosen = b.activate(b.select(all, {0, 3}), "tanh");
  const NodeId six = b.select(all, {0, 1, 2, 3, 4, 5});
  const NodeId attended = b.attend(b.select(six, {0, 1, 2, 3}), six, six, 1, 3);
  const NodeId seen = b.select(all, {6, 7, 8});
  const NodeId state = b.recur(six, seen, "gru", std::vector<float>(6, 0.5F), {0.1F, 0.2F, 0.3F}, std::vector<float>(6, 0.1F));
  const NodeId filtered = b.convolve(six, {1, 0, 0.5F, 0.5F}, {0.1F}, 3, 1, 1, 0);
  const NodeId among = b.attend(b.select(state, {2}), state, filtered, seen, 1, 3);
  const NodeId steps = b.concat({among, b.pool(six, seen, "mean")});
  const NodeId normal = b.normalise(b.multiply(attended, attended), {1, 0.5F}, {0, 0.25F}, 0.01F);
  const NodeId log_odds = b.sum({b.affine(chosen, {0.3F, -0.2F}, {0.1F}, 1), b.trees(all, trees),
                                 b.affine(b.sum({normal, b.concat({steps, b.select(all, {0})})}, {1, 0.1F}), {1, 0, 0, 1}, {0}, 1)},
                                {0.5F, 0.5F, 0.1F});
  b.output("log_odds", log_odds);
  b.output("probability", b.activate(log_odds, "sigmoid"));
  b.output("points", b.points(log_odds, 28.85F, 487.1F, "round"));
  b.meta()["model"] = "sample";
  return b.build();
}

Bundle sample_bundle() {
  Bundle bundle;
  bundle.plan = sample_plan();
  bundle.task = {{"target", "bad"}, {"positive", "1"}};
  bundle.dictionary.push_back({{"name", "age"}, {"kind", "number"}});
  bundle.card = {{"model", "sample"}};
  return bundle;
}

std::string bundle_bytes(const Bundle& bundle) {
  const MemoryFile file("");
  const auto path = std::filesystem::temp_directory_path() / fmt::format("obligor-fuzz-{}.obligor", getpid());
  save_bundle(bundle, path);
  std::string bytes = read_file(path);
  std::filesystem::remove(path);
  return bytes;
}

void run_plan_target(std::string_view bytes) {
  const PlanFiles files = unpack(bytes);
  ScorePlan plan;
  if (accepted([&] { plan = load_plan(files.graph, files.weights, "fuzz"); })) check_plan(plan);
}

void run_bundle_target(std::string_view bytes) {
  const MemoryFile file(bytes);
  Bundle bundle;
  if (accepted([&] { bundle = load_bundle(file.path()); })) check_plan(bundle.plan);
}

// The facts of a bundle with the right digests around them: a damaged one is stopped by its digest long before.
void run_facts_target(std::string_view bytes) {
  static const PlanFiles plan = save_plan(sample_plan());
  Json digests{{"bundle.json", sha256_hex(bytes)}, {"plan.json", sha256_hex(plan.graph)}, {"weights.safetensors", sha256_hex(plan.weights)}};
  const Json manifest{{"format", "obligor-bundle"}, {"version", kBundleVersion}, {"sha256", std::move(digests)}};
  const std::array<ZipMember, 4> members{{{"manifest.json", dump_json(manifest)},
                                          {"bundle.json", std::string(bytes)},
                                          {"plan.json", plan.graph},
                                          {"weights.safetensors", plan.weights}}};
  const MemoryFile file(write_zip(members));
  Bundle bundle;
  if (!accepted([&] { bundle = load_bundle(file.path()); })) return;
  require(bundle.task.is_object() && bundle.dictionary.is_array() && bundle.card.is_object(), "a part of the wrong type was accepted");
}

void run_trees_target(std::string_view bytes) {
  TreeArrays arrays;
  if (!accepted([&] { arrays = zoo::read_lightgbm_text(bytes, "fuzz"); })) return;
  uint32_t width = 1;
  for (const int32_t feature : arrays.feature) {
    if (feature > 1000) return;
    width = std::max(width, static_cast<uint32_t>(feature) + 1);
  }
  PlanBuilder builder;
  std::vector<NodeId> columns;
  for (uint32_t c = 0; c < width; ++c) columns.push_back(builder.input(fmt::format("x{}", c), InputKind::kNumber));
  builder.output("log_odds", builder.trees(builder.concat(columns), arrays));
  score_odd_rows(builder.build());
}

constexpr std::string_view kTreeText =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\nobjective=binary sigmoid:1\n"
    "feature_names=a b c\nfeature_infos=[0:1] [0:1] 0:1:2\n\n"
    "Tree=0\nnum_leaves=4\nnum_cat=1\nsplit_feature=0 1 2\nthreshold=0.5 -1e-40 0\ndecision_type=10 4 1\nleft_child=1 -1 -3\n"
    "right_child=2 -2 -4\nleaf_value=0.1 -0.2 0.3 -0.4\ncat_boundaries=0 1\ncat_threshold=5\nis_linear=0\nshrinkage=1\n\n"
    "Tree=1\nnum_leaves=1\nnum_cat=0\nleaf_value=0.05\nis_linear=0\nshrinkage=1\n\nend of trees\n\nfeature_importances:\na=2\n";

// A model of one tree that is a chain of splits, left and left again.
std::string chain_text(int splits) {
  std::string text = fmt::format("tree\nnum_tree_per_iteration=1\n\nTree=0\nnum_leaves={}\nnum_cat=0\n", splits + 1);
  const auto line = [&](std::string_view key, const auto& value_of, int count) {
    text += key;
    for (int i = 0; i < count; ++i) text += fmt::format("{}{}", i == 0 ? "=" : " ", value_of(i));
    text += '\n';
  };
  line(
      "split_feature", [](int) { return 0; }, splits);
  line(
      "threshold", [](int i) { return 1000 - i; }, splits);
  line(
      "decision_type", [](int) { return 0; }, splits);
  line(
      "left_child", [&](int i) { return i + 1 < splits ? i + 1 : -1; }, splits);
  line(
      "right_child", [](int i) { return -(i + 2); }, splits);
  line(
      "leaf_value", [](int i) { return i; }, splits + 1);
  return text + "\nend of trees\n";
}

}  // namespace

Target plan_target() {
  return {"plan", run_plan_target,
          [] {
            std::vector<std::string> seeds{pack(save_plan(sample_plan()))};
            for (const auto& known : kWeightKinds) seeds.push_back(pack(save_plan(narrow_weights(sample_plan(), known.second))));
            return seeds;
          },
          [] {
            return std::vector<std::string>{"\"op\":", "\"in\":", "\"const\":", "\"size\":",  "\"shape\":", "data_offsets", "\"F32\"", "\"I32\"",
                                            "\"I8\"",  ".scales", "trees",      "one_hot",    "attend",     "normalise",    "recur",   "convolve",
                                            "pool",    "lstm",    "-1",         "4294967295", "1e9",        "null"};
          }};
}

Target bundle_target() {
  return {"bundle", run_bundle_target, [] { return std::vector<std::string>{bundle_bytes(sample_bundle())}; },
          [] { return std::vector<std::string>{"PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "bundle.json", "../../etc/passwd", "\xFF\xFF\xFF\xFF"}; }};
}

Target facts_target() {
  return {"facts", run_facts_target,
          [] {
            const Json document{{"format", "obligor-bundle"},  {"version", kBundleVersion},     {"task", Json::object()},
                                {"dictionary", Json::array()}, {"fingerprint", Json::object()}, {"metrics", Json::object()},
                                {"reference", Json::object()}, {"policy", Json::object()},      {"card", {{"model", "x"}}}};
            return std::vector<std::string>{dump_json(document), dump_json(document, -1)};
          },
          [] { return std::vector<std::string>{"\"version\":", "1.5", "-1", "99999999999999999999", "null", "[]", "{}", "true", "\\u0000"}; }};
}

Target trees_target() {
  return {"trees", run_trees_target,
          [] {
            return std::vector<std::string>{std::string(kTreeText), chain_text(6)};
          },
          [] {
            return std::vector<std::string>{"Tree=2\n", "num_leaves=", "num_cat=", "left_child=", "-1 ",         "2147483647",
                                            "nan",      "inf",         "1e-35",    "1e400",       "is_linear=1", "\nend of trees\n"};
          }};
}

}  // namespace obligor::fuzz
