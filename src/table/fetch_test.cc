#include "table/fetch.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include "core/digest.h"
#include "core/file.h"
#include "table/test_support.h"

namespace obligor {
namespace {

using testing_support::caught;
using testing_support::scratch;

struct Reply {
  std::string head;  // without the empty line that ends it
  std::string body;
};

// An HTTP server of one thread on a free port of this machine, which answers each request by `answer` and then hangs up.
class Server {
 public:
  explicit Server(std::function<Reply(const std::string& request)> answer) : answer_(std::move(answer)), socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (bind(socket_, generic, size) != 0 || listen(socket_, 8) != 0) throw std::runtime_error("no port");
    getsockname(socket_, generic, &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::string address(const std::string& path = "") const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }
  [[nodiscard]] int requests() const { return requests_; }

 private:
  void serve() {
    while (true) {
      const int client = accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(client, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<size_t>(got));
      }
      ++requests_;
      const Reply reply = answer_(request);
      const std::string bytes = reply.head + "\r\nConnection: close\r\n\r\n" + reply.body;
      (void)!send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      close(client);
    }
  }

  std::function<Reply(const std::string&)> answer_;
  int socket_;
  int port_ = 0;
  std::atomic<int> requests_{0};
  std::thread thread_;
};

Reply whole(const std::string& body) { return {fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}", body.size()), body}; }
Reply absent() { return {"HTTP/1.1 404 Not Found\r\nContent-Length: 0", ""}; }

// Bytes that a mix-up of parts would change.
std::string content() {
  std::string text = "id,bad\n";
  for (int i = 0; i < 60000; ++i) text += fmt::format("{},{}\n", i, i % 7 == 0 ? 1 : 0);
  return text;
}

DataSet made_up_set(const std::string& bytes) {
  DataSet set;
  set.name = "made_up";
  set.file = "folder/made_up.csv";
  set.sha256 = sha256_hex(bytes);
  set.citation = "nobody";
  return set;
}

// No folder of this machine may answer in place of the server.
class Fetch : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = scratch();
    if (const char* given = std::getenv("OBLIGOR_DATA_DIR")) kept_ = given;
    unsetenv("OBLIGOR_DATA_DIR");
    setenv("no_proxy", "127.0.0.1", 1);
    plan_.to = folder_ / "data";
  }
  void TearDown() override {
    if (!kept_.empty()) setenv("OBLIGOR_DATA_DIR", kept_.c_str(), 1);
  }
  [[nodiscard]] bool nothing_left() const { return !std::filesystem::exists(plan_.to) || std::filesystem::is_empty(plan_.to); }

  std::filesystem::path folder_;
  std::string kept_;
  FetchPlan plan_;
  Context context_{ContextOptions{.threads = 1, .progress = make_silent_progress()}};
};

TEST_F(Fetch, GoodBytesLieUnderTheirNameAndAreNotFetchedTwice) {
  const std::string bytes = content();
  Server server([&](const std::string&) { return whole(bytes); });
  DataSet set = made_up_set(bytes);
  set.urls = {server.address("/x.csv")};
  const Fetched got = fetch_data_set(set, plan_, context_);
  EXPECT_EQ(got.path, plan_.to / "folder/made_up.csv");
  EXPECT_EQ(got.from, set.urls[0]);
  EXPECT_FALSE(got.already);
  EXPECT_EQ(read_file(got.path), bytes);
  EXPECT_TRUE(fetch_data_set(set, plan_, context_).already);
  EXPECT_EQ(server.requests(), 1);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(got.path.parent_path()), {}), 1);
}

TEST_F(Fetch, OtherBytesAreRefusedAndNothingIsLeft) {
  Server server([&](const std::string&) { return whole("<html>log in first</html>"); });
  DataSet set = made_up_set(content());
  set.urls = {server.address("/x.csv")};
  const auto error = caught([&] { (void)fetch_data_set(set, plan_, context_); });
  EXPECT_EQ(error.code, ErrorCode::kData);
  EXPECT_THAT(error.message, ::testing::HasSubstr("was not kept"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, AMissingFileIsSaidToBeMissing) {
  Server server([&](const std::string&) { return absent(); });
  DataSet set = made_up_set(content());
  set.urls = {server.address("/x.csv")};
  const auto error = caught([&] { (void)fetch_data_set(set, plan_, context_); });
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_THAT(error.message, ::testing::HasSubstr("HTTP 404"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, TheNextAddressIsTriedAndAMirrorComesFirst) {
  const std::string bytes = content();
  Server broken([&](const std::string&) { return absent(); });
  Server good([&](const std::string& request) { return request.starts_with("GET /credit/folder/made_up.csv ") ? whole(bytes) : absent(); });
  DataSet set = made_up_set(bytes);
  set.urls = {broken.address("/x.csv"), good.address("/credit/folder/made_up.csv")};
  EXPECT_EQ(fetch_data_set(set, plan_, context_).from, set.urls[1]);
  std::filesystem::remove_all(plan_.to);
  plan_.mirrors = {good.address("/credit/")};
  EXPECT_EQ(fetch_data_set(set, plan_, context_).from, set.urls[1]);
  EXPECT_EQ(broken.requests(), 1);
}

TEST_F(Fetch, ACutConnectionGoesOnWhereItBroke) {
  const std::string bytes = content();
  const size_t part = bytes.size() / 3;
  Server server([&](const std::string& request) {
    size_t from = 0;
    if (const size_t at = request.find("Range: bytes="); at != std::string::npos) from = std::stoul(request.substr(at + 13));
    const std::string head = from == 0
                                 ? "HTTP/1.1 200 OK"
                                 : fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}", from, bytes.size() - 1, bytes.size());
    return Reply{fmt::format("{}\r\nContent-Length: {}", head, bytes.size() - from), bytes.substr(from, part)};
  });
  DataSet set = made_up_set(bytes);
  set.urls = {server.address("/x.csv")};
  EXPECT_EQ(read_file(fetch_data_set(set, plan_, context_).path), bytes);
  EXPECT_GE(server.requests(), 3);
}

TEST_F(Fetch, AServerWithoutRangesIsAskedAgainFromTheStart) {
  const std::string bytes = content();
  int requests = 0;
  Server server([&](const std::string&) {
    ++requests;
    Reply reply = whole(bytes);
    if (requests == 1) reply.body.resize(bytes.size() / 2);
    return reply;
  });
  DataSet set = made_up_set(bytes);
  set.urls = {server.address("/x.csv")};
  EXPECT_EQ(read_file(fetch_data_set(set, plan_, context_).path), bytes);
}

TEST_F(Fetch, AConnectionThatBreaksEachTimeEndsInAnErrorAndNothingIsLeft) {
  Server server([&](const std::string&) {
    Reply reply = whole(content());
    reply.body.resize(1000);
    return reply;
  });
  DataSet set = made_up_set(content());
  set.urls = {server.address("/x.csv")};
  const auto error = caught([&] { (void)fetch_data_set(set, plan_, context_); });
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, ::testing::HasSubstr("the connection broke"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, AClosedPortIsCalledNoNetwork) {
  std::string address;
  {
    const Server closed([](const std::string&) { return absent(); });
    address = closed.address("/x.csv");
  }
  DataSet set = made_up_set(content());
  set.urls = {address};
  const auto error = caught([&] { (void)fetch_data_set(set, plan_, context_); });
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_THAT(error.message, ::testing::HasSubstr("no network"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Fetch, AFolderThatHasTheFileIsVerifiedAndCopiedOnlyWhenAPlaceIsNamed) {
  const std::string bytes = content();
  const DataSet set = made_up_set(bytes);
  std::filesystem::create_directories(folder_ / "mirror" / "folder");
  const auto there = testing_support::write(folder_ / "mirror" / "folder" / "made_up.csv", bytes);
  plan_.mirrors = {(folder_ / "mirror").string()};
  EXPECT_EQ(read_file(fetch_data_set(set, plan_, context_).path), bytes);
  EXPECT_EQ(fetch_data_set(set, {plan_.mirrors, {}}, context_).path, there);
  testing_support::write(there, bytes + "more");
  EXPECT_EQ(caught([&] { (void)fetch_data_set(set, {plan_.mirrors, folder_ / "other"}, context_); }).code, ErrorCode::kData);
}

}  // namespace
}  // namespace obligor
