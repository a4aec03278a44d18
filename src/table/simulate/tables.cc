#include "table/simulate/tables.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/parallel.h"

namespace obligor::simulate {
namespace {

constexpr uint64_t kBlockLoans = 512;
constexpr uint64_t kBlocksAtOnce = 16;
constexpr int64_t kMicrosecondsADay = 86'400'000'000;

using enum SinkType;

constexpr const char* kEmploymentNames[] = {"salaried", "public", "self_employed", "retired", "student", "unemployed"};
constexpr const char* kHousingNames[] = {"owner", "mortgage", "rent", "family"};
constexpr const char* kPurposeNames[] = {"car", "home", "consolidation", "education", "medical", "business", "other"};
constexpr const char* kChannelNames[] = {"branch", "online", "broker"};
constexpr const char* kKindNames[] = {"salary", "housing", "card", "cash", "gambling", "loan_payment", "fee"};

const std::vector<SinkColumn> kApplicationColumns{{"loan_id", kString},
                                                  {"decision_date", kDate},
                                                  {"channel", kString},
                                                  {"purpose", kString},
                                                  {"amount", kInteger},
                                                  {"term", kInteger},
                                                  {"rate", kReal},
                                                  {"installment", kReal},
                                                  {"debt_ratio", kReal},
                                                  {"age", kInteger},
                                                  {"sex", kString},
                                                  {"zip", kString},
                                                  {"employment", kString},
                                                  {"years_employed", kInteger},
                                                  {"income", kInteger},
                                                  {"housing", kString},
                                                  {"years_at_address", kInteger},
                                                  {"savings", kInteger},
                                                  {"score", kInteger},
                                                  {"utilisation", kReal},
                                                  {"inquiries_6m", kInteger},
                                                  {"open_accounts", kInteger},
                                                  {"months_since_delinquency", kInteger},
                                                  {"statement", kString},
                                                  {"default_12m", kInteger}};
const std::vector<SinkColumn> kTruthColumns{
    {"loan_id", kString}, {"true_pd", kReal}, {"true_logit", kReal}, {"distress", kInteger}, {"default_month", kInteger}};
const std::vector<SinkColumn> kBehaviourColumns{
    {"loan_id", kString},        {"month", kDate},    {"month_on_book", kInteger}, {"due", kReal}, {"paid", kReal}, {"balance", kReal},
    {"days_past_due", kInteger}, {"deposits", kReal}, {"card_utilisation", kReal}};
const std::vector<SinkColumn> kTransactionColumns{
    {"loan_id", kString}, {"date", kDate}, {"days_from_decision", kInteger}, {"kind", kString}, {"amount", kReal}};
const std::vector<SinkColumn> kEconomyColumns{
    {"month", kDate}, {"unemployment", kReal}, {"policy_rate", kReal}, {"house_price", kReal}, {"house_price_growth", kReal}};

// Cells of a block, a vector a column, in the order of the table's columns.
class BlockWriter {
 public:
  explicit BlockWriter(std::span<const SinkColumn> columns) : columns_(columns), cells_(columns.size()) {}

  void start_row() { at_ = 0; }
  void number(double value) { cells_[at_++].numbers.push_back(static_cast<float>(value)); }
  void number_if(bool known, double value) { cells_[at_++].numbers.push_back(known ? static_cast<float>(value) : kMissing); }
  void date(int64_t day) { cells_[at_++].dates.microseconds.push_back(day * kMicrosecondsADay); }
  // `code` counts levels; the names are given when the block is built.
  void level(int code) { cells_[at_++].codes.push_back(code); }
  void text(std::string_view text) {
    TextData& data = cells_[at_++].texts;
    if (data.offsets.empty()) data.offsets.push_back(0);
    data.bytes += text;
    data.offsets.push_back(data.bytes.size());
    data.missing.push_back(text.empty() ? 1 : 0);
  }
  void names(size_t column, std::vector<std::string> names) { cells_[column].names = std::move(names); }

  Table build() {
    TableBuilder builder;
    for (size_t c = 0; c < columns_.size(); ++c) {
      Cells& cells = cells_[c];
      const std::string& name = columns_[c].name;
      if (columns_[c].type == kDate) {
        builder.add({name, std::move(cells.dates)});
      } else if (columns_[c].type != kString) {
        builder.add_numbers(name, std::move(cells.numbers));
      } else if (!cells.names.empty()) {
        builder.add_categories(name, std::move(cells.codes), std::move(cells.names));
      } else {
        if (cells.texts.offsets.empty()) cells.texts.offsets.push_back(0);
        builder.add({name, std::move(cells.texts)});
      }
    }
    return builder.build();
  }

 private:
  struct Cells {
    std::vector<float> numbers;
    DateData dates;
    std::vector<int32_t> codes;
    std::vector<std::string> names;
    TextData texts;
  };
  std::span<const SinkColumn> columns_;
  std::vector<Cells> cells_;
  size_t at_ = 0;
};

size_t position(std::span<const SinkColumn> columns, std::string_view name) {
  return static_cast<size_t>(std::find_if(columns.begin(), columns.end(), [&](const SinkColumn& column) { return column.name == name; }) -
                             columns.begin());
}

template <size_t N>
void set_names(BlockWriter& writer, BankTable table, std::string_view column, const char* const (&names)[N]) {
  writer.names(position(table_columns(table), column), std::vector<std::string>(names, names + N));
}

std::string loan_id(const Loan& loan) { return fmt::format("L{:09}", loan.index); }

void add_application(BlockWriter& out, const Bank& bank, const Loan& loan) {
  out.text(loan_id(loan));
  out.date(loan.decision_day);
  out.level(static_cast<int>(loan.channel));
  out.level(static_cast<int>(loan.purpose));
  out.number(loan.amount);
  out.number(loan.term);
  out.number(loan.rate);
  out.number(loan.installment);
  out.number(loan.debt_ratio);
  out.number(loan.age);
  out.level(loan.female ? 0 : 1);
  out.text(fmt::format("Z{:03}", loan.area));
  out.level(static_cast<int>(loan.employment));
  out.number(loan.years_employed);
  out.number_if(loan.income_known, loan.income);
  out.level(static_cast<int>(loan.housing));
  out.number_if(loan.address_known, loan.years_at_address);
  out.number(loan.savings_known ? loan.savings : -1);
  out.number_if(loan.has_bureau_file, loan.score);
  out.number_if(loan.has_bureau_file && loan.utilisation_known, loan.utilisation);
  out.number_if(loan.has_bureau_file, loan.inquiries);
  out.number_if(loan.has_bureau_file, loan.open_accounts);
  out.number(loan.has_bureau_file ? loan.months_since_delinquency : -8);
  out.text(make_statement(bank, loan));
  out.number(loan.bad ? 1 : 0);
}

void add_truth(BlockWriter& out, const Loan& loan) {
  out.text(loan_id(loan));
  out.number(loan.true_pd);
  out.number(loan.logit);
  out.number(loan.distress ? 1 : 0);
  out.number(loan.default_month);
}

void add_behaviour(BlockWriter& out, const Bank& bank, const Loan& loan) {
  const std::string id = loan_id(loan);
  for (const AccountMonth& month : make_behaviour(bank, loan)) {
    out.start_row();
    out.text(id);
    out.date(month.day);
    for (const double value : {static_cast<double>(month.month_on_book), month.due, month.paid, month.balance,
                               static_cast<double>(month.days_past_due), month.deposits, month.card_utilisation}) {
      out.number(value);
    }
  }
}

void add_transactions(BlockWriter& out, const Bank& bank, const Loan& loan) {
  const std::string id = loan_id(loan);
  for (const Transaction& transaction : make_transactions(bank, loan)) {
    out.start_row();
    out.text(id);
    out.date(transaction.day);
    out.number(static_cast<double>(transaction.day - loan.decision_day));
    out.level(static_cast<int>(transaction.kind));
    out.number(transaction.amount);
  }
}

void add_economy(BlockWriter& out, const Bank& bank) {
  for (const MacroMonth& month : bank.economy()) {
    out.start_row();
    out.date(month.day);
    for (const double value : {month.unemployment, month.policy_rate, month.house_price, month.house_price_growth}) out.number(value);
  }
}

}  // namespace

std::string_view table_name(BankTable table) {
  switch (table) {
    case BankTable::kApplications: return "applications";
    case BankTable::kTruth: return "truth";
    case BankTable::kBehaviour: return "behaviour";
    case BankTable::kTransactions: return "transactions";
    case BankTable::kEconomy: return "economy";
  }
  return "";
}

std::span<const SinkColumn> table_columns(BankTable table) {
  switch (table) {
    case BankTable::kApplications: return kApplicationColumns;
    case BankTable::kTruth: return kTruthColumns;
    case BankTable::kBehaviour: return kBehaviourColumns;
    case BankTable::kTransactions: return kTransactionColumns;
    case BankTable::kEconomy: return kEconomyColumns;
  }
  return {};
}

Table make_block(const Bank& bank, BankTable table, uint64_t first, uint64_t last) {
  BlockWriter out(table_columns(table));
  if (table == BankTable::kApplications) {
    set_names(out, table, "channel", kChannelNames);
    set_names(out, table, "purpose", kPurposeNames);
    set_names(out, table, "employment", kEmploymentNames);
    set_names(out, table, "housing", kHousingNames);
    set_names(out, table, "sex", {"female", "male"});
  } else if (table == BankTable::kTransactions) {
    set_names(out, table, "kind", kKindNames);
  } else if (table == BankTable::kEconomy) {
    if (first == 0) add_economy(out, bank);
    return out.build();
  }
  for (uint64_t index = first; index < last; ++index) {
    const Loan loan = make_loan(bank, index);
    out.start_row();
    switch (table) {
      case BankTable::kApplications: add_application(out, bank, loan); break;
      case BankTable::kTruth: add_truth(out, loan); break;
      case BankTable::kBehaviour: add_behaviour(out, bank, loan); break;
      case BankTable::kTransactions: add_transactions(out, bank, loan); break;
      case BankTable::kEconomy: break;
    }
  }
  return out.build();
}

BlockStream::BlockStream(const Bank& bank, BankTable table, uint64_t loans, const Context& context)
    : bank_(bank),
      table_(table),
      loans_(table == BankTable::kEconomy ? 1 : loans),
      context_(context),
      progress_(context.begin(table_name(table), static_cast<int64_t>(loans_))) {}

std::optional<Table> BlockStream::next() {
  context_.check_cancelled();
  if (ready_.empty() && made_ < loans_) {
    const uint64_t blocks = std::min(kBlocksAtOnce, (loans_ - made_ + kBlockLoans - 1) / kBlockLoans);
    std::vector<std::optional<Table>> made(blocks);
    parallel_for(context_, blocks, [&](size_t b) {
      const uint64_t first = made_ + b * kBlockLoans;
      made[b] = make_block(bank_, table_, first, std::min(loans_, first + kBlockLoans));
    });
    const uint64_t before = made_;
    made_ = std::min(loans_, made_ + blocks * kBlockLoans);
    for (auto& block : made) ready_.push_back(std::move(*block));
    progress_.advance(static_cast<int64_t>(made_ - before));
  }
  if (ready_.empty()) return std::nullopt;
  Table block = std::move(ready_.front());
  ready_.pop_front();
  return block;
}

}  // namespace obligor::simulate
