#include "study/recommend/pair_task.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "table/keys.h"
#include "table/raw_file.h"

namespace obligor {
namespace {

const Column& role(const Table& table, const std::string& name, std::string_view option) {
  if (name.empty()) throw Error(ErrorCode::kInvalid, fmt::format("a rating or ranking task wants {} COLUMN", option));
  return table.column(name);
}

// Products of each customer, ascending.
std::vector<std::vector<uint32_t>> used_products(const Interactions& pairs) {
  std::vector<std::vector<uint32_t>> used(pairs.customers);
  for (size_t i = 0; i < pairs.size(); ++i) used[pairs.customer[i]].push_back(pairs.product[i]);
  for (auto& products : used) std::sort(products.begin(), products.end());
  return used;
}

std::vector<uint32_t> complement(size_t n, const std::vector<uint8_t>& out) {
  std::vector<uint32_t> kept;
  for (size_t i = 0; i < n; ++i) {
    if (out[i] == 0) kept.push_back(static_cast<uint32_t>(i));
  }
  return kept;
}

// `count` of the products that are not in `used`, without repetition; all of them where there are no more.
std::vector<uint32_t> draw_unused(const std::vector<uint32_t>& used, size_t products, size_t count, Random& random) {
  const size_t left = products - used.size();
  std::vector<uint32_t> drawn;
  const auto is_used = [&](uint32_t product) { return std::binary_search(used.begin(), used.end(), product); };
  if (left <= 3 * count) {
    for (uint32_t product = 0; product < products; ++product) {
      if (!is_used(product)) drawn.push_back(product);
    }
    random.shuffle(std::span(drawn));
    if (drawn.size() > count) drawn.resize(count);
    return drawn;
  }
  while (drawn.size() < count) {
    const auto product = static_cast<uint32_t>(random.below(products));
    if (!is_used(product) && std::find(drawn.begin(), drawn.end(), product) == drawn.end()) drawn.push_back(product);
  }
  return drawn;
}

}  // namespace

Interactions pick_pairs(const Interactions& pairs, std::span<const uint32_t> which) {
  Interactions part{pairs.customers, pairs.products, {}, {}, {}};
  for (const uint32_t i : which) {
    part.customer.push_back(pairs.customer[i]);
    part.product.push_back(pairs.product[i]);
    if (!pairs.rating.empty()) part.rating.push_back(pairs.rating[i]);
  }
  return part;
}

PairTask make_pair_task(const Table& table, const PairSpec& spec) {
  const bool rating = spec.kind == TaskKind::kRating;
  KeyCodes customers = key_codes(role(table, spec.customer, "--customer"));
  KeyCodes products = key_codes(role(table, spec.product, "--product"));
  if (spec.customer == spec.product) throw Error(ErrorCode::kInvalid, "--customer and --product name the same column");
  std::vector<double> times;
  if (!spec.time.empty()) times = time_values(table.column(spec.time));
  const Column* target = rating ? &role(table, spec.rating, "--target") : nullptr;
  if (target != nullptr && target->kind() != ColumnKind::kNumber) {
    throw Error(ErrorCode::kInvalid, fmt::format("--target {}: a rating is a number, and the column is a {}; --numbers {} reads it as one",
                                                 spec.rating, kind_name(target->kind()), spec.rating));
  }

  PairTask task;
  task.spec = spec;
  task.source = table.source();
  constexpr double kExact = 1U << 24U;
  if (!times.empty() && table.column(spec.time).kind() == ColumnKind::kNumber &&
      std::any_of(times.begin(), times.end(), [](double time) { return std::fabs(time) > kExact; })) {
    task.warnings.push_back(
        fmt::format("--time {}: numbers beyond 16,777,216 are rounded (float32), so that close times look equal and the order of the "
                    "table decides; read the column as a date: --select \"select *, to_timestamp({}) as at from source\" --time at",
                    spec.time, spec.time));
  }
  std::unordered_map<uint64_t, uint32_t> last;  // row that counts for a pair
  for (size_t r = 0; r < table.rows(); ++r) {
    const bool known = customers.codes[r] != kMissingCode && products.codes[r] != kMissingCode &&
                       (target == nullptr || std::isfinite(target->numbers()[r])) && (times.empty() || std::isfinite(times[r]));
    if (!known) {
      ++task.missing;
      continue;
    }
    const uint64_t pair = (static_cast<uint64_t>(static_cast<uint32_t>(customers.codes[r])) << 32U) | static_cast<uint32_t>(products.codes[r]);
    const auto [place, added] = last.try_emplace(pair, static_cast<uint32_t>(r));
    if (added) continue;
    ++task.repeated;
    if (times.empty() || times[r] >= times[place->second]) place->second = static_cast<uint32_t>(r);
  }
  for (const auto& [pair, row] : last) task.rows.push_back(row);
  std::sort(task.rows.begin(), task.rows.end());
  if (task.rows.size() < 2) {
    throw Error(ErrorCode::kData, fmt::format("{}: {} rows have all of customer, product{}{}: a comparison wants two pairs at least", table.source(),
                                              task.rows.size(), rating ? ", rating" : "", times.empty() ? "" : ", time"));
  }
  // Only what occurs in a pair keeps a code, in order of first appearance.
  const auto recode = [&](KeyCodes& ids, std::vector<uint32_t>& codes, std::vector<std::string>& names) {
    std::vector<int32_t> map(ids.names.size(), kMissingCode);
    for (const uint32_t row : task.rows) {
      int32_t& code = map[static_cast<size_t>(ids.codes[row])];
      if (code == kMissingCode) {
        code = static_cast<int32_t>(names.size());
        names.push_back(ids.names[static_cast<size_t>(ids.codes[row])]);
      }
      codes.push_back(static_cast<uint32_t>(code));
    }
  };
  recode(customers, task.pairs.customer, task.customers);
  recode(products, task.pairs.product, task.products);
  task.pairs.customers = task.customers.size();
  task.pairs.products = task.products.size();
  for (const uint32_t row : task.rows) {
    if (target != nullptr) task.pairs.rating.push_back(target->numbers()[row]);
    if (!times.empty()) task.time.push_back(times[row]);
  }
  return task;
}

Json pair_task_json(const PairTask& task) {
  Json json{{"kind", task_kind_name(task.spec.kind)}, {"customer", task.spec.customer},   {"product", task.spec.product},
            {"customers", task.customers.size()},     {"products", task.products.size()}, {"pairs", task.pairs.size()},
            {"missing_rows", task.missing},           {"repeated_rows", task.repeated}};
  if (!task.spec.rating.empty() && task.spec.kind == TaskKind::kRating) {
    json["target"] = task.spec.rating;
    const auto [low, high] = std::minmax_element(task.pairs.rating.begin(), task.pairs.rating.end());
    json["rating_min"] = *low;
    json["rating_max"] = *high;
  }
  if (!task.spec.time.empty()) json["time"] = task.spec.time;
  return json;
}

std::vector<Part> rating_folds(const PairTask& task, size_t folds, uint64_t seed) {
  const size_t n = task.pairs.size();
  if (folds < 2 || folds > n) throw Error(ErrorCode::kInvalid, fmt::format("--cv {}: {} pairs can be parted in 2 to {} folds", folds, n, n));
  Random random(seed, "rating folds");
  const auto order = random.permutation(n);
  std::vector<uint32_t> fold(n);
  for (size_t i = 0; i < n; ++i) fold[order[i]] = static_cast<uint32_t>(i % folds);
  std::vector<Part> parts(folds);
  for (uint32_t i = 0; i < n; ++i) {
    for (size_t f = 0; f < folds; ++f) (f == fold[i] ? parts[f].test : parts[f].train).push_back(i);
  }
  return parts;
}

std::vector<Part> rating_hold_out(const PairTask& task, double share, uint64_t seed) {
  const size_t n = task.pairs.size();
  const auto tested = std::clamp<size_t>(static_cast<size_t>(std::llround(share * static_cast<double>(n))), 1, n - 1);
  Random random(seed, "rating hold-out");
  const auto order = random.permutation(n);
  std::vector<uint8_t> out(n);
  Part part;
  for (size_t i = 0; i < tested; ++i) {
    out[order[i]] = 1;
    part.test.push_back(order[i]);
  }
  std::sort(part.test.begin(), part.test.end());
  part.train = complement(n, out);
  return {part};
}

RankingPlan leave_latest_out(const PairTask& task, size_t negatives, uint64_t seed) {
  const auto& pairs = task.pairs;
  const auto used = used_products(pairs);
  Random draw(seed, "held-back pair");
  // The latest of each customer; without a time every pair has the same chance (reservoir of one).
  std::vector<std::optional<uint32_t>> latest(pairs.customers);
  std::vector<size_t> met(pairs.customers);
  for (uint32_t i = 0; i < pairs.size(); ++i) {
    auto& held = latest[pairs.customer[i]];
    const bool later = task.time.empty() ? draw.below(++met[pairs.customer[i]]) == 0 : !held || task.time[i] >= task.time[*held];
    if (later) held = i;
  }
  RankingPlan plan;
  plan.begin.push_back(0);
  std::vector<uint8_t> out(pairs.size());
  size_t single = 0;
  size_t whole = 0;
  size_t fewer = 0;
  for (uint32_t c = 0; c < pairs.customers; ++c) {
    if (used[c].size() < 2) {
      ++single;
      continue;
    }
    if (used[c].size() == pairs.products) {
      ++whole;
      continue;
    }
    Random random(derive_seed(seed, "unused products", c), "unused");
    const auto others = draw_unused(used[c], pairs.products, negatives, random);
    fewer += others.size() < negatives ? 1U : 0U;
    out[*latest[c]] = 1;
    plan.customer.push_back(c);
    plan.held_back.push_back(pairs.product[*latest[c]]);
    plan.others.insert(plan.others.end(), others.begin(), others.end());
    plan.begin.push_back(plan.others.size());
  }
  if (plan.customer.empty()) {
    throw Error(ErrorCode::kData, "ranking: no customer has two products and one unused; a customer's latest product is held back, the others train");
  }
  plan.train = complement(pairs.size(), out);
  plan.detail =
      fmt::format("{} pair of each customer held back, among {} unused products", task.time.empty() ? "one random" : "the latest", negatives);
  if (single > 0) plan.warnings.push_back(fmt::format("{} customers with one product train and do not test", single));
  if (whole > 0) plan.warnings.push_back(fmt::format("{} customers use every product, so that there is nothing to rank", whole));
  if (fewer > 0) plan.warnings.push_back(fmt::format("{} customers have fewer than {} unused products: all of them are taken", fewer, negatives));
  return plan;
}

RankingPlan given_negatives(const PairTask& task, const std::filesystem::path& file) {
  const auto& pairs = task.pairs;
  const auto codes = [](const std::vector<std::string>& names) {
    std::unordered_map<std::string_view, uint32_t> map;
    for (uint32_t i = 0; i < names.size(); ++i) map.emplace(names[i], i);
    return map;
  };
  const auto customers = codes(task.customers);
  const auto products = codes(task.products);
  RankingPlan plan;
  plan.begin.push_back(0);
  std::vector<uint64_t> held;
  size_t line_number = 0;
  size_t unknown = 0;
  const std::string text = read_raw_file(file);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    ++line_number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto bad = [&](std::string_view what) {
      return Error(ErrorCode::kData,
                   fmt::format("{}:{}: {}; a line is (customer,product), then products, with tabs between", file.string(), line_number, what));
    };
    const size_t tab = std::min(line.find('\t'), line.size());
    const std::string_view pair = line.substr(0, tab);
    const size_t comma = pair.rfind(',');
    if (!pair.starts_with('(') || !pair.ends_with(')') || comma == std::string_view::npos) throw bad("no pair in brackets at the start");
    const auto customer = customers.find(pair.substr(1, comma - 1));
    if (customer == customers.end()) throw bad(fmt::format("the table has no customer '{}'", pair.substr(1, comma - 1)));
    const auto code = [&](std::string_view name) {
      const auto found = products.find(name);
      if (found != products.end()) return found->second;
      ++unknown;
      return static_cast<uint32_t>(pairs.products);
    };
    const uint32_t product = code(pair.substr(comma + 1, pair.size() - comma - 2));
    const size_t before = plan.others.size();
    for (size_t from = tab + 1; from < line.size();) {
      const size_t to = std::min(line.find('\t', from), line.size());
      plan.others.push_back(code(line.substr(from, to - from)));
      from = to + 1;
    }
    if (plan.others.size() == before) throw bad("no other products");
    plan.customer.push_back(customer->second);
    plan.held_back.push_back(product);
    plan.begin.push_back(plan.others.size());
    held.push_back((static_cast<uint64_t>(customer->second) << 32U) | product);
  }
  if (plan.customer.empty()) throw Error(ErrorCode::kData, fmt::format("{}: no line", file.string()));
  std::sort(held.begin(), held.end());
  std::vector<uint8_t> out(pairs.size());
  for (size_t i = 0; i < pairs.size(); ++i) {
    out[i] = std::binary_search(held.begin(), held.end(), (static_cast<uint64_t>(pairs.customer[i]) << 32U) | pairs.product[i]) ? 1 : 0;
  }
  plan.train = complement(pairs.size(), out);
  plan.detail = fmt::format("held-back pairs and the products they are ranked among as given in {}", file.filename().string());
  if (unknown > 0) {
    plan.warnings.push_back(
        fmt::format("{} times the file of negatives names a product that the table does not have; a model takes it as one never seen", unknown));
  }
  return plan;
}

}  // namespace obligor
