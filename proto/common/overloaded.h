// One visitor of a std::variant made of a lambda for each alternative.
#pragma once

namespace nattevagt {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace nattevagt
