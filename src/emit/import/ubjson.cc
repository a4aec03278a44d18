#include "emit/import/ubjson.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include <fmt/format.h>

#include "core/error.h"

namespace obligor {
namespace {

constexpr int kMaximumDepth = 64;
constexpr size_t kMostMembers = 4096;  // of an object, whose keys are looked for one by one

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  Json document() {
    Json made = value(marker(), 0);
    if (at_ != bytes_.size()) fail("bytes follow the document");
    return made;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorCode::kData, fmt::format("{}: byte {}: {}; a whole UBJSON document is wanted", source_, at_, what));
  }

  std::string_view take(size_t count) {
    if (bytes_.size() - at_ < count) fail("ends early");
    const std::string_view part = bytes_.substr(at_, count);
    at_ += count;
    return part;
  }

  // The next marker; N means nothing and is passed over.
  char marker() {
    char found = 'N';
    while (found == 'N') found = take(1)[0];
    return found;
  }

  template <typename T>
  T number() {
    using Bits = std::conditional_t<sizeof(T) == 1, uint8_t,
                                    std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
    Bits bits = 0;
    for (const char byte : take(sizeof(T))) bits = static_cast<Bits>((uint64_t{bits} << 8U) | static_cast<unsigned char>(byte));
    return std::bit_cast<T>(bits);
  }

  int64_t whole(char type) {
    switch (type) {
      case 'i': return number<int8_t>();
      case 'U': return number<uint8_t>();
      case 'I': return number<int16_t>();
      case 'l': return number<int32_t>();
      case 'L': return number<int64_t>();
      default: fail("a whole number was due");
    }
  }

  size_t length() {
    const int64_t count = whole(take(1)[0]);
    // Each element takes a byte at least: what is stated beyond that is not there.
    if (count < 0 || static_cast<uint64_t>(count) > bytes_.size() - at_) fail(fmt::format("a length of {}", count));
    return static_cast<size_t>(count);
  }

  std::string text() { return std::string(take(length())); }

  Json value(char type, int depth) {
    switch (type) {
      case 'Z': return nullptr;
      case 'T': return true;
      case 'F': return false;
      case 'd': return static_cast<double>(number<float>());
      case 'D': return number<double>();
      case 'C': return std::string(take(1));
      case 'S':
      case 'H': return text();
      case '[':
      case '{':
        if (depth >= kMaximumDepth) fail(fmt::format("nested deeper than {} levels", kMaximumDepth));
        return type == '[' ? array(depth + 1) : object(depth + 1);
      default: return whole(type);
    }
  }

  // The optional head of a container: "$" and the type of its elements, "#" and their number.
  struct Head {
    char type = 0;
    bool counted = false;
    size_t count = 0;
  };
  Head head() {
    Head made;
    if (peek() == '$') {
      take(1);
      made.type = take(1)[0];
      // Elements of no bytes would let a short file ask for any amount of memory.
      if (made.type == 'Z' || made.type == 'T' || made.type == 'F' || made.type == 'N') fail("an array of elements that take no bytes");
      if (peek() != '#') fail("a typed container states no length");
    }
    if (peek() == '#') {
      take(1);
      made.counted = true;
      made.count = length();
    }
    return made;
  }
  [[nodiscard]] char peek() const { return at_ < bytes_.size() ? bytes_[at_] : '\0'; }

  Json array(int depth) {
    const Head facts = head();
    Json made = Json::array();
    if (facts.counted) {
      for (size_t i = 0; i < facts.count; ++i) made.push_back(value(facts.type != 0 ? facts.type : marker(), depth));
      return made;
    }
    for (char type = marker(); type != ']'; type = marker()) made.push_back(value(type, depth));
    return made;
  }

  Json object(int depth) {
    const Head facts = head();
    Json made = Json::object();
    if (facts.counted) {
      for (size_t i = 0; i < facts.count; ++i) member(made, facts.type, depth);
      return made;
    }
    while (peek() != '}') {
      if (peek() == 'N') take(1);
      else member(made, 0, depth);
    }
    take(1);
    return made;
  }
  void member(Json& object, char type, int depth) {
    if (object.size() >= kMostMembers) fail(fmt::format("an object of more than {} members", kMostMembers));
    std::string key = text();
    object[std::move(key)] = value(type != 0 ? type : marker(), depth);
  }

  std::string_view bytes_;
  std::string_view source_;
  size_t at_ = 0;
};

}  // namespace

Json parse_ubjson(std::string_view bytes, std::string_view source) { return Reader(bytes, source).document(); }

}  // namespace obligor
