// obligor embed --words: vectors of the words of a text column, as a table of a row a word.
//
//   run_embed_words({.data = "loans.csv", .column = "desc", .out = "words.parquet"}, globals);
#pragma once

#include <string>

#include "cli/frame.h"
#include "prep/embedding/skip_gram.h"
#include "table/source.h"

namespace obligor::cli {

struct WordOptions {
  std::string data;
  std::string sql;
  ReadOptions read;
  std::string column;
  int min_texts = 5;
  int vocabulary = 100'000;
  SkipGramSpec vectors;
  std::string out;
  bool json = false;
};
int run_embed_words(WordOptions options, const Globals& globals);

}  // namespace obligor::cli
