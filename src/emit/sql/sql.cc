#include "emit/sql/sql.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "core/date.h"
#include "core/error.h"
#include "emit/sql/dialect.h"

namespace obligor {
namespace {

// What a node is in the text: one expression a column (numbers), or one (a code or a string). `stage` is the common table expression
// whose columns it reads.
struct Text {
  std::vector<std::string> columns;
  size_t stage = 0;
};

class Emitter {
 public:
  Emitter(const ScorePlan& plan, const SqlOptions& options)
      : plan_(plan),
        options_(options),
        dialect_(options.dialect),
        types_(verify(plan)),
        texts_(plan.nodes.size()),
        uses_(plan.nodes.size(), 0),
        only_reader_(plan.nodes.size(), nullptr) {}

  std::string run() {
    for (const Node& node : plan_.nodes) {
      for (const NodeId input : node.inputs) {
        ++uses_[input];
        only_reader_[input] = &node;
      }
    }
    for (const PlanOutput& output : plan_.outputs) uses_[output.node] += 2;  // an output is a column of its own
    for (NodeId id = 0; id < plan_.nodes.size(); ++id) {
      if (uses_[id] == 0) continue;
      if (is_written_out(id)) {
        texts_[id].stage = texts_[plan_.nodes[id].inputs[0]].stage;
        continue;
      }
      emit(id);
      if (is_stored(id)) store(id);
    }
    return write();
  }

 private:
  // Every value becomes a column of a common table expression, so that no expression is written twice; but for those that only pass
  // columns on, and the bins and levels that a look-up writes out.
  [[nodiscard]] bool is_stored(NodeId id) const {
    const Op op = plan_.nodes[id].op;
    return op != Op::kConcat && op != Op::kSelect && !is_written_out(id);
  }

  // A look-up of one column that alone reads bins or levels becomes one CASE over the raw value.
  [[nodiscard]] bool is_written_out(NodeId id) const {
    const Op op = plan_.nodes[id].op;
    return (op == Op::kBin || op == Op::kEncode) && uses_[id] == 1 && only_reader_[id] != nullptr && only_reader_[id]->op == Op::kLookUp &&
           plan_.constants[only_reader_[id]->constants[0]].size() == types_[id].levels;
  }

  void count(size_t terms) {
    terms_ += terms;
    if (terms_ > options_.max_terms) {
      throw Error(ErrorCode::kUnsupported,
                  fmt::format("SQL: the plan needs more than {} terms; such a model is served by `obligor score`, or exported "
                              "to onnx",
                              options_.max_terms));
    }
  }

  [[noreturn]] static void refuse(const Node& node) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("SQL: the operation '{}', over the steps of a sequence, has no SQL form; export to onnx instead, "
                            "or score with `obligor score`",
                            op_name(node.op)));
  }

  [[nodiscard]] std::string number(float value) const { return sql::literal(dialect_, value); }
  [[nodiscard]] const Text& in(const Node& node, size_t i) const { return texts_[node.inputs[i]]; }
  [[nodiscard]] const std::vector<float>& floats(const Node& node, size_t i) const { return plan_.constants[node.constants[i]].floats(); }
  [[nodiscard]] const std::vector<int32_t>& ints(const Node& node, size_t i) const { return plan_.constants[node.constants[i]].ints(); }

  // A bound of a date column is a number of days; a person reads the date beside it.
  [[nodiscard]] std::string as_day(const Node& node, float bound) const {
    const Node& input = plan_.nodes[node.inputs[0]];
    if (input.op != Op::kInput || plan_.inputs[input.size].from != "date") return "";
    return fmt::format(" /* {} */", day_text(static_cast<double>(bound)));
  }

  // WHEN branches of a bin or an encode node over its raw value, `value(code)` after each THEN.
  std::string cases(const Node& node, const std::function<std::string(int32_t)>& value) {
    const std::string& x = in(node, 0).columns[0];
    std::string text = "CASE";
    if (node.op == Op::kBin) {
      const auto& thresholds = floats(node, 0);
      const auto& specials = floats(node, 1);
      const auto missing = static_cast<int32_t>(thresholds.size() + 1);
      text += fmt::format(" WHEN {} IS NULL THEN {}", x, value(missing));
      for (size_t s = 0; s < specials.size(); ++s) {
        text += fmt::format("\n      WHEN {} = {} THEN {}", x, number(specials[s]), value(missing + 1 + static_cast<int32_t>(s)));
      }
      for (size_t t = 0; t < thresholds.size(); ++t) {
        text += fmt::format("\n      WHEN {} < {}{} THEN {}", x, number(thresholds[t]), as_day(node, thresholds[t]), value(static_cast<int32_t>(t)));
      }
      text += fmt::format("\n      ELSE {} END", value(static_cast<int32_t>(thresholds.size())));
      count(thresholds.size() + specials.size() + 2);
      return text;
    }
    const auto& words = plan_.constants[node.constants[0]].strings();
    const auto& codes = ints(node, 1);
    const int32_t missing = ints(node, 2)[0];
    const int32_t unseen = ints(node, 2)[1];
    std::vector<std::vector<std::string>> by_code(types_[static_cast<size_t>(&node - plan_.nodes.data())].levels);
    for (size_t i = 0; i < words.size(); ++i) by_code[static_cast<size_t>(codes[i])].push_back(sql::quoted_text(dialect_, words[i]));
    text += fmt::format(" WHEN {} IS NULL THEN {}", x, value(missing));
    for (size_t code = 0; code < by_code.size(); ++code) {
      if (by_code[code].empty()) continue;
      text += fmt::format("\n      WHEN {} IN ({}) THEN {}", x, fmt::join(by_code[code], ", "), value(static_cast<int32_t>(code)));
      count(by_code[code].size());
    }
    return text + fmt::format("\n      ELSE {} END", value(unseen));
  }

  std::string tree(const Node& node, int32_t at, const Text& x) {
    if (at < 0) return number(floats(node, 6)[~static_cast<size_t>(static_cast<int64_t>(at))]);
    const auto n = static_cast<size_t>(at);
    const uint8_t flags = plan_.constants[node.constants[5]].bytes()[n];
    const std::string& column = x.columns[static_cast<size_t>(ints(node, 1)[n])];
    std::string condition;
    if ((flags & 2U) != 0) {
      std::vector<std::string> codes;
      const auto& words = ints(node, 9);
      for (int32_t w = ints(node, 7)[n]; w < ints(node, 8)[n]; ++w) {
        for (int32_t bit = 0; bit < 32; ++bit) {
          if ((static_cast<uint32_t>(words[static_cast<size_t>(w)]) >> static_cast<uint32_t>(bit) & 1U) != 0) {
            codes.push_back(fmt::format("{}", (w - ints(node, 7)[n]) * 32 + bit));
          }
        }
      }
      count(codes.size());
      condition = codes.empty()
                      ? "1 = 0"
                      : fmt::format("floor(CASE WHEN {0} < 0e0 AND {0} > -1e0 THEN 0e0 ELSE {0} END) IN ({1})", column, fmt::join(codes, ", "));
    } else {
      condition = fmt::format("{} <= {}", column, number(floats(node, 2)[n]));
    }
    if ((flags & 1U) != 0) condition = fmt::format("({} OR {} IS NULL)", condition, column);
    count(1);
    return fmt::format("CASE WHEN {} THEN {} ELSE {} END", condition, tree(node, ints(node, 3)[n], x), tree(node, ints(node, 4)[n], x));
  }

  void emit(NodeId id) {
    const Node& node = plan_.nodes[id];
    Text& out = texts_[id];
    for (const NodeId input : node.inputs) out.stage = std::max(out.stage, texts_[input].stage);
    const auto each = [&](const auto& f) {
      const auto& x = in(node, 0).columns;
      for (size_t c = 0; c < x.size(); ++c) out.columns.push_back(f(x[c], c));
    };
    switch (node.op) {
      case Op::kInput: {
        const PlanInput& input = plan_.inputs[node.size];
        if (input.kind == InputKind::kCategory) out.columns = {sql::text_input(dialect_, input.name)};
        else if (input.from == "date") out.columns = {sql::date_input(dialect_, input.name)};
        else out.columns = {sql::number_input(dialect_, input.name)};
        return;
      }
      case Op::kEncode:
      case Op::kBin: {
        out.columns = {"(" + cases(node, [](int32_t code) { return fmt::format("{}", code); }) + ")"};
        return;
      }
      case Op::kSpecial: {
        std::vector<std::string> specials;
        for (const float s : floats(node, 0)) specials.push_back(number(s));
        each([&](const std::string& x, size_t) {
          return specials.empty() ? x : fmt::format("(CASE WHEN {0} IN ({1}) THEN NULL ELSE {0} END)", x, fmt::join(specials, ", "));
        });
        return;
      }
      case Op::kMissingFlag:
        each([](const std::string& x, size_t) { return fmt::format("(CASE WHEN {} IS NULL THEN 1e0 ELSE 0e0 END)", x); });
        return;
      case Op::kImpute: each([&](const std::string& x, size_t c) { return fmt::format("COALESCE({}, {})", x, number(floats(node, 0)[c])); }); return;
      case Op::kClip:
        each([&](const std::string& x, size_t c) {
          const std::string low = number(floats(node, 0)[c]);
          const std::string high = number(floats(node, 1)[c]);
          return fmt::format("(CASE WHEN {0} < {1} THEN {1} WHEN {0} > {2} THEN {2} ELSE {0} END)", x, low, high);
        });
        return;
      case Op::kScale:
        each([&](const std::string& x, size_t c) {
          return fmt::format("(({} - {}) * {})", x, number(floats(node, 0)[c]), number(floats(node, 1)[c]));
        });
        return;
      case Op::kInterpolate: each([&](const std::string& x, size_t) { return interpolate(node, x); }); return;
      case Op::kPiecewiseLinear: {
        const auto& edges = floats(node, 0);
        const std::string& x = in(node, 0).columns[0];
        for (size_t t = 0; t + 1 < edges.size(); ++t) {
          const double width = static_cast<double>(edges[t + 1]) - static_cast<double>(edges[t]);
          out.columns.push_back(fmt::format("(CASE WHEN {0} IS NULL OR {0} <= {1} THEN 0e0 WHEN {0} >= {2} THEN 1e0 ELSE ({0} - {1}) / {3}e0 END)", x,
                                            number(edges[t]), number(edges[t + 1]), plain(width)));
        }
        count(edges.size());
        return;
      }
      case Op::kLookUp: {
        const auto& table = floats(node, 0);
        const NodeId code = node.inputs[0];
        if (is_written_out(code)) {
          out.columns = {"(" + cases(plan_.nodes[code], [&](int32_t c) { return number(table[static_cast<size_t>(c)]); }) + ")"};
          return;
        }
        const uint32_t width = types_[id].width;
        for (uint32_t w = 0; w < width; ++w) {
          std::string text = fmt::format("(CASE {}", in(node, 0).columns[0]);
          for (size_t c = 0; c < table.size() / width; ++c) text += fmt::format(" WHEN {} THEN {}", c, number(table[c * width + w]));
          out.columns.push_back(text + " END)");
        }
        count(table.size());
        return;
      }
      case Op::kOneHot: {
        const auto& columns = ints(node, 0);
        for (uint32_t w = 0; w < types_[id].width; ++w) {
          std::vector<size_t> codes;
          for (size_t c = 0; c < columns.size(); ++c) {
            if (columns[c] == static_cast<int32_t>(w)) codes.push_back(c);
          }
          count(codes.size() + 1);
          out.columns.push_back(
              codes.empty() ? "0e0" : fmt::format("(CASE WHEN {} IN ({}) THEN 1e0 ELSE 0e0 END)", in(node, 0).columns[0], fmt::join(codes, ", ")));
        }
        return;
      }
      case Op::kCross: {
        const auto& triples = ints(node, 0);
        std::string text = "(CASE";
        for (size_t i = 0; i < triples.size(); i += 3) {
          text += fmt::format(" WHEN {} = {} AND {} = {} THEN {}", in(node, 0).columns[0], triples[i], in(node, 1).columns[0], triples[i + 1],
                              triples[i + 2]);
        }
        count(triples.size() / 3 + 1);
        out.columns = {triples.empty() ? fmt::format("{}", ints(node, 1)[0]) : text + fmt::format(" ELSE {} END)", ints(node, 1)[0])};
        return;
      }
      case Op::kCodeNumber: out.columns = {fmt::format("CAST({} AS {})", in(node, 0).columns[0], sql::double_type(dialect_))}; return;
      case Op::kConcat:
        for (size_t i = 0; i < node.inputs.size(); ++i) out.columns.insert(out.columns.end(), in(node, i).columns.begin(), in(node, i).columns.end());
        return;
      case Op::kSelect:
        for (const int32_t c : ints(node, 0)) out.columns.push_back(in(node, 0).columns[static_cast<size_t>(c)]);
        return;
      case Op::kAffine: {
        const auto& x = in(node, 0).columns;
        const auto& weights = floats(node, 0);
        for (size_t o = 0; o < types_[id].width; ++o) {
          std::string text = "(" + number(floats(node, 1)[o]);
          for (size_t c = 0; c < x.size(); ++c) {
            if (weights[o * x.size() + c] == 0) continue;  // 0 times missing would be missing: see docs/sql.md
            text += fmt::format("\n      + {} * {}", number(weights[o * x.size() + c]), x[c]);
          }
          count(x.size() + 1);
          out.columns.push_back(text + ")");
        }
        return;
      }
      case Op::kActivate: each([&](const std::string& x, size_t) { return sql::function_of(dialect_, node.function, x); }); return;
      case Op::kTrees: {
        const auto& roots = ints(node, 0);
        std::string text = "(0e0";
        for (const int32_t root : roots) text += "\n      + " + tree(node, root, in(node, 0));
        out.columns = {text + ")"};
        return;
      }
      case Op::kSum: {
        const auto& weights = floats(node, 0);
        for (size_t c = 0; c < types_[id].width; ++c) {
          std::string text = "(0e0";
          for (size_t i = 0; i < node.inputs.size(); ++i) {
            text += weights[i] == 1 ? fmt::format("\n      + {}", in(node, i).columns[c])
                                    : fmt::format("\n      + {} * {}", number(weights[i]), in(node, i).columns[c]);
          }
          count(node.inputs.size());
          out.columns.push_back(text + ")");
        }
        return;
      }
      case Op::kMultiply:
        each([&](const std::string& x, size_t c) { return fmt::format("({} * {})", x, in(node, 1).columns[c]); });
        count(types_[id].width);
        return;
      case Op::kNormalise: normalise(id); return;
      case Op::kAttend:
        if (node.inputs.size() == 4) refuse(node);
        attend(id);
        return;
      case Op::kRecur:
      case Op::kConvolve:
      case Op::kPool: refuse(node);
      case Op::kTokens:
      case Op::kEmbed:
        throw Error(ErrorCode::kUnsupported,
                    fmt::format("SQL: the plan has '{}', the words of a text, which SQL cannot split by the same rule; serve the model "
                                "with `obligor score`",
                                op_name(node.op)));
      case Op::kPoints:
        each([&](const std::string& x, size_t) {
          const std::string exact = fmt::format("({} - {} * {})", number(floats(node, 0)[1]), number(floats(node, 0)[0]), x);
          return node.function == "round" ? sql::rounded(exact) : exact;
        });
        return;
    }
  }

  // Expressions of node `id` that its own columns read: columns of the stage before theirs.
  std::vector<std::string> keep_first(NodeId id, std::string_view what, const std::vector<std::string>& expressions) {
    Text& text = texts_[id];
    if (stages_.size() <= text.stage) stages_.resize(text.stage + 1);
    std::vector<std::string> names;
    for (size_t i = 0; i < expressions.size(); ++i) {
      names.push_back(fmt::format("obligor_{}_{}_{}", id, what, i));
      stages_[text.stage].push_back(fmt::format("    {} AS {}", expressions[i], names.back()));
    }
    ++text.stage;
    return names;
  }

  void normalise(NodeId id) {
    const Node& node = plan_.nodes[id];
    const auto& x = in(node, 0).columns;
    const size_t group = floats(node, 0).size();
    const double count_of = static_cast<double>(group);
    std::vector<std::string> means;
    for (size_t begin = 0; begin < x.size(); begin += group) {
      means.push_back(fmt::format(
          "(({}) / {}e0)", fmt::join(x.begin() + static_cast<std::ptrdiff_t>(begin), x.begin() + static_cast<std::ptrdiff_t>(begin + group), " + "),
          plain(count_of)));
    }
    means = keep_first(id, "mean", means);
    std::vector<std::string> deviations;
    for (size_t begin = 0; begin < x.size(); begin += group) {
      std::vector<std::string> squares;
      for (size_t c = 0; c < group; ++c) squares.push_back(fmt::format("({0} - {1}) * ({0} - {1})", x[begin + c], means[begin / group]));
      deviations.push_back(fmt::format("sqrt(({}) / {}e0 + {})", fmt::join(squares, " + "), plain(count_of), number(floats(node, 2)[0])));
    }
    deviations = keep_first(id, "sd", deviations);
    for (size_t c = 0; c < x.size(); ++c) {
      texts_[id].columns.push_back(fmt::format("(({} - {}) / {} * {} + {})", x[c], means[c / group], deviations[c / group],
                                               number(floats(node, 0)[c % group]), number(floats(node, 1)[c % group])));
    }
    count(4 * x.size());
  }

  void attend(NodeId id) {
    const Node& node = plan_.nodes[id];
    const auto& q = in(node, 0).columns;
    const auto& k = in(node, 1).columns;
    const auto& v = in(node, 2).columns;
    const AttendShape shape = attend_shape(ints(node, 0)[0], ints(node, 0)[1], q.size(), k.size(), v.size());
    count(shape.queries * shape.heads * shape.keys * (shape.width + shape.value_width + 2));
    std::vector<std::string> scores;  // query, head, key
    for (size_t part = 0; part < shape.queries * shape.heads; ++part) {
      for (size_t j = 0; j < shape.keys; ++j) {
        std::vector<std::string> products;
        for (size_t c = 0; c < shape.width; ++c) {
          products.push_back(fmt::format("{} * {}", q[part * shape.width + c], k[(j * shape.heads + part % shape.heads) * shape.width + c]));
        }
        scores.push_back(fmt::format("({})", fmt::join(products, " + ")));
      }
    }
    scores = keep_first(id, "score", scores);
    const auto of_part = [&](const std::vector<std::string>& all, size_t part) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(part * shape.keys);
      return std::vector<std::string>(begin, begin + static_cast<std::ptrdiff_t>(shape.keys));
    };
    std::vector<std::string> most;
    for (size_t part = 0; part < shape.queries * shape.heads; ++part) most.push_back(sql::largest(dialect_, of_part(scores, part)));
    most = keep_first(id, "most", most);
    std::vector<std::string> weights;
    for (size_t i = 0; i < scores.size(); ++i) {
      weights.push_back(sql::function_of(dialect_, "exp", fmt::format("({} - {})", scores[i], most[i / shape.keys])));
    }
    weights = keep_first(id, "weight", weights);
    for (size_t part = 0; part < shape.queries * shape.heads; ++part) {
      const auto mine = of_part(weights, part);
      for (size_t c = 0; c < shape.value_width; ++c) {
        std::vector<std::string> products;
        for (size_t j = 0; j < shape.keys; ++j) {
          products.push_back(fmt::format("{} * {}", mine[j], v[(j * shape.heads + part % shape.heads) * shape.value_width + c]));
        }
        texts_[id].columns.push_back(fmt::format("(({}) / ({}))", fmt::join(products, " + "), fmt::join(mine, " + ")));
      }
    }
  }

  static std::string plain(double value) {
    std::string text = fmt::format("{}", value);
    // The caller adds an exponent of its own.
    if (const size_t e = text.find('e'); e != std::string::npos) text = fmt::format("{:.60f}", value);
    return text;
  }

  std::string interpolate(const Node& node, const std::string& x) {
    const auto& knots = floats(node, 0);
    const auto& to = floats(node, 1);
    std::string text = fmt::format("(CASE WHEN {} IS NULL THEN NULL WHEN {} <= {} THEN {}", x, x, number(knots[0]), number(to[0]));
    for (size_t i = 1; i < knots.size(); ++i) {
      text += fmt::format("\n      WHEN {0} < {1} THEN {2} + ({0} - {3}) / ({1} - {3}) * ({4} - {2})", x, number(knots[i]), number(to[i - 1]),
                          number(knots[i - 1]), number(to[i]));
    }
    count(knots.size());
    return text + fmt::format("\n      ELSE {} END)", number(to.back()));
  }

  // The node's expressions become columns of the stage after the one that they read.
  void store(NodeId id) {
    Text& text = texts_[id];
    const size_t stage = text.stage;
    if (stages_.size() <= stage) stages_.resize(stage + 1);
    const Node& node = plan_.nodes[id];
    std::string note = node.name;
    if (node.op == Op::kInput) note = plan_.inputs[node.size].name;
    // A comment must not end early, whatever a column is called.
    for (size_t at = note.find("*/"); at != std::string::npos; at = note.find("*/", at)) note.replace(at, 2, "* /");
    std::replace(note.begin(), note.end(), '\n', ' ');
    for (size_t c = 0; c < text.columns.size(); ++c) {
      std::string name = text.columns.size() == 1 ? fmt::format("obligor_{}", id) : fmt::format("obligor_{}_{}", id, c);
      stages_[stage].push_back(fmt::format("    {} AS {}{}", text.columns[c], name, note.empty() || c > 0 ? "" : fmt::format(" /* {} */", note)));
      text.columns[c] = std::move(name);
    }
    text.stage = stage + 1;
  }

  std::string write() {
    std::vector<std::string> finals;
    for (const std::string& column : options_.keep) finals.push_back("  " + sql::quoted_name(dialect_, column));
    for (const PlanOutput& output : plan_.outputs) {
      const Text& text = texts_[output.node];
      if (text.columns.size() != 1 || types_[output.node].kind != ValueType::Kind::kNumber) continue;
      finals.push_back(fmt::format("  {} AS {}", text.columns[0], sql::quoted_name(dialect_, output.name)));
    }
    std::string text;
    for (size_t s = 0; s < stages_.size(); ++s) {
      text += s == 0 ? "WITH" : ",";
      text += fmt::format(" stage_{} AS (\n  SELECT *,\n{}\n  FROM {}\n)", s + 1, fmt::join(stages_[s], ",\n"),
                          s == 0 ? options_.table : fmt::format("stage_{}", s));
    }
    text += fmt::format("{}SELECT\n{}\nFROM {}\n", text.empty() ? "" : "\n", fmt::join(finals, ",\n"),
                        stages_.empty() ? options_.table : fmt::format("stage_{}", stages_.size()));
    return text;
  }

  const ScorePlan& plan_;
  const SqlOptions& options_;
  SqlDialect dialect_;
  std::vector<ValueType> types_;
  std::vector<Text> texts_;
  std::vector<size_t> uses_;
  std::vector<const Node*> only_reader_;          // of a node that is used once
  std::vector<std::vector<std::string>> stages_;  // columns of each common table expression
  size_t terms_ = 0;
};

}  // namespace

std::string emit_sql(const ScorePlan& plan, const SqlOptions& options) { return Emitter(plan, options).run(); }

}  // namespace obligor
