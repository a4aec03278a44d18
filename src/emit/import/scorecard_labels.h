// The bins of a scorecard's table as people write them: "[25, 40)", "25 ~ 40", "<= 25", "Missing", "['clerk' 'farmer']", "clerk%,%farmer".
//
//   Label label = parse_label("[25.50 ~ inf)", {});       // label.ranges[0]: from 25.5, low included
//   parse_label("clerk,nan", {}).words                      // clerk; label.missing
//
// Contract: a bin is any number of ranges, numbers, words and the missing cell together. A side that the label does not state by a bracket or a sign
// is left open: kUnstated. Nothing is refused here but a list that its writer has cut short with "...".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace obligor {

enum class Side { kUnstated, kIncluded, kExcluded };

struct LabelRange {
  double low = 0;  // minus infinity where open
  double high = 0;
  Side low_side = Side::kUnstated;
  Side high_side = Side::kUnstated;
};

struct Label {
  std::vector<LabelRange> ranges;
  std::vector<double> numbers;     // "-9999": a special code where the column is a number
  std::vector<std::string> words;  // as written; numbers are among them too
  bool missing = false;
  bool special = false;  // "Special": the group of special codes, which the table does not list
  bool other = false;    // "else", "other", "unseen"
};

// Which signs part the levels of a category's bin. Quoted levels ('a' 'b') are found in any.
enum class LevelList {
  kCommas,        // a,b (a comma before a blank is part of a level)
  kPercentComma,  // a%,%b, ranges too
  kBrackets,      // [a, b]
  kOne,           // the whole label is one level
};

[[nodiscard]] Label parse_label(std::string_view text, LevelList list, std::string_view where);

}  // namespace obligor
