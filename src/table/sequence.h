// Which columns are one history, as a person writes it.
//
//   SequenceSpec spec = parse_sequence("history: status=PAY_6..PAY_2|PAY_0, BILL_AMT6..BILL_AMT1");
//
// NAME: CHANNEL, CHANNEL, ...  A channel is [NAME=]COLUMNS, its columns oldest first: names between bars, and FIRST..LAST for names that
// differ in one number, which is counted from the first to the last, up or down. Without a name a channel takes what its columns' names
// begin with. Errors: Error{kInvalid} for a text that is not of this form, channels of different length, a name given twice.
#pragma once

#include <string>
#include <string_view>

#include "table/task.h"

namespace obligor {

[[nodiscard]] SequenceSpec parse_sequence(std::string_view text);

}  // namespace obligor
