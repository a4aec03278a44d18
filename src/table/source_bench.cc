// How fast read_table reads a CSV: OBLIGOR_BENCH_CSV names a file; without it one of the simulated bank is made (50,000 loans).
// bench/peers/csv_ingest.py runs this and pandas over the same file.
#include <cstdlib>
#include <filesystem>

#include <benchmark/benchmark.h>

#include "table/simulate/tables.h"
#include "table/source.h"

namespace obligor {
namespace {

std::string bench_file() {
  if (const char* given = std::getenv("OBLIGOR_BENCH_CSV"); given != nullptr && *given != '\0') return given;
  const auto path = std::filesystem::temp_directory_path() / "obligor_bench_applications.csv";
  if (!std::filesystem::exists(path)) {
    const simulate::Bank bank(1);
    const Context context({.progress = make_silent_progress()});
    simulate::BlockStream stream(bank, simulate::BankTable::kApplications, 50000, context);
    write_table_file(path, SinkFormat::kCsv, simulate::table_columns(simulate::BankTable::kApplications), [&] { return stream.next(); });
  }
  return path.string();
}

void csv_ingest(benchmark::State& state) {
  const std::string path = bench_file();
  ReadOptions options;
  options.threads = static_cast<int>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(read_table(path, options).rows());
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(std::filesystem::file_size(path)));
}
BENCHMARK(csv_ingest)->ArgName("threads")->Arg(0)->Arg(1)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obligor
