// What the readers of the organisation's TOML files share: a fault has its line, and reading goes on after one, so
// that one reading of the file shows them all. For the .cpp of a reader alone: it brings toml++ in.
//
// Parsed: {draft, problems}; Fault: the document's closed enum, with kNotToml, kUnknownKey, kWrongType, kTooMany.
#pragma once

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace nattevagt::client {

inline std::uint32_t line_of(const toml::node& node) { return node.source().begin.line; }

template <class Parsed, class Fault>
class DraftReader {
 protected:
  // `visit` reads the file's root into out_.draft. The problems come in the file's order.
  template <class Visit>
  Parsed parse(std::string_view text, const Visit& visit) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const auto& error = parsed.error();
      note(Fault::kNotToml, error.source().begin.line, {}, std::string(error.description()));
      return std::move(out_);
    }
    visit(parsed.table());
    std::stable_sort(out_.problems.begin(), out_.problems.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return std::move(out_);
  }

  void note(Fault fault, std::uint32_t line, std::string subject = {}, std::string detail = {}) {
    out_.problems.push_back({fault, line, std::move(subject), std::move(detail)});
  }

  // A misspelt key would otherwise be a setting that silently does nothing.
  void only(const toml::table& table, std::initializer_list<std::string_view> allowed) {
    for (const auto& [key, node] : table) {
      if (std::find(allowed.begin(), allowed.end(), key.str()) != allowed.end()) continue;
      std::string list;
      for (const std::string_view name : allowed) list += (list.empty() ? "" : ", ") + std::string(name);
      note(Fault::kUnknownKey, line_of(node), std::string(key.str()), list);
    }
  }

  // Each [[key]] of the table, at most `count_max`.
  template <class Visit>
  void each(const toml::table& table, std::string_view key, std::size_t count_max, const Visit& visit) {
    const toml::node* node = table.get(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr || (!list->empty() && !list->is_array_of_tables())) {
      return note(Fault::kWrongType, line_of(*node), std::string(key), "[[" + std::string(key) + "]]");
    }
    if (list->size() > count_max) {
      return note(Fault::kTooMany, line_of(*node), std::string(key), std::to_string(count_max));
    }
    for (const auto& item : *list) visit(*item.as_table());
  }

  Parsed out_;
};

}  // namespace nattevagt::client
