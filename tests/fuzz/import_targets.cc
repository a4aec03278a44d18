// Models of other tools: LightGBM's text, XGBoost's JSON and UBJ, tables of scorecards, coefficients. What is read must score.
#include "import_targets.h"

#include "checked.h"
#include "emit/import/import.h"
#include "emit/import/scorecard_table.h"
#include "odd_rows.h"

namespace obligor::fuzz {
namespace {

using namespace std::string_literals;

void import_as(std::string_view bytes, ImportFormat format) {
  ScorePlan plan;
  if (accepted([&] { plan = import_model(bytes, "fuzz", format); })) score_odd_rows(plan);
}

void run_lightgbm_target(std::string_view bytes) { import_as(bytes, ImportFormat::kLightGbm); }
void run_xgboost_target(std::string_view bytes) { import_as(bytes, ImportFormat::kXgBoost); }
void run_coefficients_target(std::string_view bytes) { import_as(bytes, ImportFormat::kLogisticJson); }

// By a stated scale, so that what no kit wrote is read too; then by WoE, with coefficients that fit or do not.
void run_scorecard_target(std::string_view bytes) {
  ScorecardOptions options;
  options.points = 600;
  options.odds = 50;
  options.double_odds = 20;
  options.special = {-9999};
  ScorecardImport made;
  if (accepted([&] { made = import_scorecard(bytes, "fuzz", options); })) score_odd_rows(made.plan);
  options.use = "woe";
  options.woe = "goods";
  options.closed = "right";
  options.unseen = "zero";
  options.coefficients = R"({"intercept": -2, "coefficients": {"age": -1, "job_woe": -0.5}})";
  if (accepted([&] { made = import_scorecard(bytes, "fuzz", options); })) score_odd_rows(made.plan);
}

constexpr std::string_view kLightGbm =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=2\nobjective=binary sigmoid:1\n"
    "feature_names=a b c\nfeature_infos=[0:1] [0:1] 0:1:2\n\n"
    "Tree=0\nnum_leaves=4\nnum_cat=1\nsplit_feature=0 1 2\nthreshold=0.5 -1e-40 0\ndecision_type=10 4 1\nleft_child=1 -1 -3\n"
    "right_child=2 -2 -4\nleaf_value=0.1 -0.2 0.3 -0.4\ncat_boundaries=0 1\ncat_threshold=5\nis_linear=0\nshrinkage=1\n\n"
    "end of trees\n\npandas_categorical:null\n";

constexpr std::string_view kXgBoost = R"({"learner": {"feature_names": ["x", "y"], "objective": {"name": "binary:logistic"},
 "learner_model_param": {"base_score": "[2E-1]", "num_feature": "2"}, "gradient_booster": {"name": "gbtree", "model": {
 "cats": {"enc": [{"offsets": [], "values": []}, {"offsets": [0, 1, 3], "values": [97, 98, 99]}]}, "trees": [
 {"left_children": [1, 3, -1, -1, -1], "right_children": [2, 4, -1, -1, -1], "split_indices": [0, 1, 0, 0, 0],
  "split_conditions": [2.5, -1, 0.5, 0.25, -0.75], "default_left": [1, 0, 0, 0, 0], "split_type": [0, 1, 0, 0, 0],
  "categories": [0, 40], "categories_nodes": [1], "categories_segments": [0], "categories_sizes": [2]}]}}}})";

std::string ubj_text(std::string_view text) { return std::string("L\0\0\0\0\0\0\0"s) + static_cast<char>(text.size()) + std::string(text); }
std::string ubj_value(std::string_view text) { return "S" + ubj_text(text); }
std::string ubj_array(std::string_view type, std::string_view bytes, char count) {
  return "[$" + std::string(type) + "#L\0\0\0\0\0\0\0"s + count + std::string(bytes);
}

std::string xgboost_ubj() {
  const std::string tree = "{" + ubj_text("left_children") + ubj_array("l", "\0\0\0\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, 3) +
                           ubj_text("right_children") + ubj_array("l", "\0\0\0\2\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, 3) + ubj_text("split_indices") +
                           ubj_array("l", std::string(12, '\0'), 3) + ubj_text("split_conditions") +
                           ubj_array("d", "\x40\x20\0\0\xBF\x80\0\0\x3F\0\0\0"s, 3) + ubj_text("default_left") + ubj_array("U", "\1\0\0"s, 3) + "}";
  return "{" + ubj_text("learner") + "{" + ubj_text("feature_names") + "[" + ubj_value("x") + "]" + ubj_text("objective") + "{" + ubj_text("name") +
         ubj_value("binary:logistic") + "}" + ubj_text("learner_model_param") + "{" + ubj_text("base_score") + ubj_value("5E-1") +
         ubj_text("num_feature") + ubj_value("1") + "}" + ubj_text("gradient_booster") + "{" + ubj_text("name") + ubj_value("gbtree") +
         ubj_text("model") + "{" + ubj_text("trees") + "[" + tree + "]}}}}";
}

}  // namespace

Target lightgbm_target() {
  return {"lightgbm", run_lightgbm_target, [] { return std::vector<std::string>{std::string(kLightGbm)}; },
          [] {
            return std::vector<std::string>{
                "\nTree=1\n", "feature_names=", "objective=binary sigmoid:", "cross_entropy", "average_output", "num_leaves=", "-1 ", "nan", "1e400"};
          }};
}

Target xgboost_target() {
  return {
      "xgboost", run_xgboost_target,
      [] {
        return std::vector<std::string>{std::string(kXgBoost), xgboost_ubj()};
      },
      [] { return std::vector<std::string>{"\"left_children\":", "[$l#L", "[$d#i", "{#U", "-1", "1e39", "2147483648", "null", "[]", "gblinear"}; }};
}

Target scorecard_target() {
  return {
      "scorecard", run_scorecard_target,
      [] {
        return std::vector<std::string>{
            "Variable,Bin id,Bin,Count,Count (%),Non-event,Event,Event rate,WoE,IV,JS,Coefficient,Points\n"
            "age,0,\"(-inf, 23.50)\",9,0.5,8,1,0.1,-0.78,0.07,0.008,-1.0,154.7\nage,1,\"[23.50, inf)\",9,0.5,7,2,0.2,0.5,0.07,0.008,-1.0,180\n"
            "age,2,Special,1,0,1,0,0,0,0,0,-1.0,177\njob,0,\"['driver' 'none, yet']\",9,0.5,7,2,0.2,0.3,0.01,0.002,-0.9,186\n",
            "variable,bin,points\nbasepoints,,501\nage,missing,-2\nage,\"-9999%,%[-inf,26.0)\",1\nage,\"[26.0,inf)\",3\njob,\"a%,%b\",4\n",
            "name,value,score\nage,[-inf ~ 44.0),147.08\nage,[44.0 ~ inf),219.23\nage,nan,190.73\njob,\"none, yet,clerk,nan\",210.35\njob,else,1\n",
            "variable;bin;woe\nage;<= 25;0.5\nage;> 25;-0.5\njob;a;1\njob;other;0\n"};
      },
      [] {
        return std::vector<std::string>{"inf",     "-inf",    "~",    "%,%", "[",          ")",     "<=",  "\xE2\x89\xA5",
                                        "Missing", "Special", "else", "nan", "basepoints", "1e308", "\n\""};
      }};
}

Target coefficients_target() {
  return {"coefficients", run_coefficients_target,
          [] {
            return std::vector<std::string>{
                R"({"intercept": -2.1, "coefficients": {"age": -0.03, "income": {"coefficient": 0.2, "mean": 3, "scale": 2, "impute": 1.5},
 "job": {"levels": {"clerk": 0.1, "farmer": -0.2}, "missing": 0, "unseen": 0}}})"};
          },
          [] { return std::vector<std::string>{"\"levels\":", "\"scale\":", "\"coefficient\":", "{}", "null", "1e400", "-0", "\\u0000"}; }};
}

}  // namespace obligor::fuzz
